package huaweicloud

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"
	iam "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// token is what IAM gave for the keys. It lives in memory only.
type token struct {
	mu    sync.Mutex // held while one is asked for: who comes meanwhile waits for that one
	text  string
	until time.Time
}

// tokenMargin is how long a token has to be good for yet.
const tokenMargin = time.Hour

// createTokenRequest asks for a token by access key, for which the SDK has no type.
type createTokenRequest struct {
	Body *tokenBody `json:"body"`
}

type (
	tokenBody struct {
		Auth tokenAuth `json:"auth"`
	}
	tokenAuth struct {
		Identity tokenIdentity `json:"identity"`
		Scope    tokenScope    `json:"scope"`
	}
	tokenIdentity struct {
		Methods []string `json:"methods"`
		Keys    struct {
			Access keyed `json:"access"`
			Secret keyed `json:"secret"`
		} `json:"hw_ak_sk"`
	}
	tokenScope struct {
		Project struct {
			ID string `json:"id"`
		} `json:"project"`
	}
	keyed struct {
		Key string `json:"key"`
	}
	createTokenAnswer struct {
		Text  *string `json:"X-Subject-Token"` // of the header
		Token struct {
			Expires time.Time `json:"expires_at"`
		} `json:"token"`
		HttpStatusCode int `json:"-"`
	}
)

// Token returns a token for the project: what takes the place of a signature where
// a body is too long to be signed for. One is asked for when there is none that is
// good for a while yet.
func (c *Client) Token(ctx context.Context) (string, error) {
	project, err := c.ProjectID(ctx)
	if err != nil {
		return "", err
	}
	c.token.mu.Lock()
	defer c.token.mu.Unlock()
	if c.token.text != "" && time.Until(c.token.until) > tokenMargin {
		return c.token.text, nil
	}
	q := &createTokenRequest{&tokenBody{}}
	id := &q.Body.Auth.Identity
	id.Methods = []string{"hw_ak_sk"}
	id.Keys.Access.Key, id.Keys.Secret.Key = c.creds.AccessKey.value, c.creds.SecretKey.value
	q.Body.Auth.Scope.Project.ID = project
	// Never shared with others nor compared: the request holds the secret key.
	answer, err := persistently(ctx, c, iamService, "KeystoneCreateUserTokenByPassword", createToken, q)
	if err != nil {
		return "", err
	}
	if Val(answer.Text) == "" {
		return "", &providers.Error{
			Kind: providers.Auth, Operation: "KeystoneCreateUserTokenByPassword", Message: "IAM has answered without a token",
			Advice: "Check that the endpoint is the service itself, and try again.",
		}
	}
	c.token.text, c.token.until = *answer.Text, answer.Token.Expires
	return c.token.text, nil
}

// createToken asks IAM for a token.
func createToken(c *iam.IamClient, q *createTokenRequest) (*createTokenAnswer, error) {
	answer := new(createTokenAnswer)
	b := def.NewHttpRequestDefBuilder().WithMethod(http.MethodPost).WithPath("/v3/auth/tokens").WithResponse(answer).WithContentType("application/json")
	b.WithRequestField(def.NewFieldDef().WithName("Body").WithLocationType(def.Body))
	b.WithResponseField(def.NewFieldDef().WithName("Text").WithJsonTag("X-Subject-Token").WithKindName("string").WithLocationType(def.Header))
	_, err := c.HcClient.Sync(q, b.Build())
	return answer, err
}

// gone forgets a token that was refused.
func (t *token) gone(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.text == text {
		t.text = ""
	}
}
