package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"time"
)

// The one user and account of the emulator carry the same name.

// iamService is the identity service: /v3/...
func iamService() *service {
	return &service{
		name: "iam",
		owns: func(segments []string) bool { return segments[0] == "v3" && !ownsBSS(segments) },
		operations: map[string]handler{
			"KeystoneCreateUserTokenByPassword": createToken,
			"KeystoneListProjects":              listProjects,
			"KeystoneListAuthProjects":          listProjects,
			"KeystoneListAuthDomains":           listDomains,
		},
		errorShape: shapeErrorCode,
		plain:      gatewayError,
		violation: func(v violation) *apiError {
			return refuse("IAM.0011", "Request parameter %s is invalid: %s", v.field, v.reason)
		},
	}
}

// identity is who asks for a token, and for what.
type identity struct {
	Auth struct {
		Identity struct {
			Methods  []string `json:"methods"`
			Password struct {
				User struct {
					Name     string `json:"name"`
					ID       string `json:"id"`
					Password string `json:"password"`
				} `json:"user"`
			} `json:"password"`
			AkSk struct {
				Access struct {
					Key string `json:"key"`
				} `json:"access"`
				Secret struct {
					Key string `json:"key"`
				} `json:"secret"`
			} `json:"hw_ak_sk"`
		} `json:"identity"`
		Scope struct {
			Project *struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"project"`
		} `json:"scope"`
	} `json:"auth"`
}

// proven tells whether the identity knows the secret of one of its methods.
func (i *identity) proven(o *Options) bool {
	id := &i.Auth.Identity
	user := id.Password.User
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	switch {
	case slices.Contains(id.Methods, "password"):
		return (user.Name == o.UserName || user.ID == DefaultUserID) && same(user.Password, o.Password)
	case slices.Contains(id.Methods, "hw_ak_sk"):
		return same(id.AkSk.Access.Key, o.AccessKey) && same(id.AkSk.Secret.Key, o.SecretKey)
	}
	return false
}

// createToken answers KeystoneCreateUserTokenByPassword, by password and by
// access key. Every token is for the one project there is.
func createToken(c *call) (reply, error) {
	var who identity
	if err := c.decode(&who); err != nil {
		return reply{}, err
	}
	o := &c.e.opts
	if !who.proven(o) {
		return reply{}, gatewayError(http.StatusUnauthorized)
	}
	if p := who.Auth.Scope.Project; p != nil && p.ID != o.ProjectID && p.Name != o.Region {
		return reply{}, &apiError{status: http.StatusUnauthorized, code: "IAM.0101", message: "The project of the scope does not exist"}
	}
	text := "MII" + rand.Text() + rand.Text()
	if err := c.put(&token{Digest: tokenDigest(text), Project: o.ProjectID, Issued: c.now}); err != nil {
		return reply{}, err
	}
	domain := map[string]string{"id": o.DomainID, "name": o.UserName}
	return reply{
		header: http.Header{"X-Subject-Token": {text}},
		body: map[string]any{"token": map[string]any{
			"methods":    who.Auth.Identity.Methods,
			"issued_at":  c.now.UTC().Format(time.RFC3339Nano),
			"expires_at": c.now.Add(tokenLife).UTC().Format(time.RFC3339Nano),
			"user":       map[string]any{"id": DefaultUserID, "name": o.UserName, "domain": domain},
			"project":    map[string]any{"id": o.ProjectID, "name": o.Region, "domain": domain},
			"roles":      []any{map[string]string{"id": "0", "name": "te_admin"}},
			"catalog":    []any{},
		}},
	}, nil
}

// listProjects answers KeystoneListProjects and KeystoneListAuthProjects.
func listProjects(c *call) (reply, error) {
	o, list := &c.e.opts, []any{}
	asked := func(name, value string) bool { return c.query.Get(name) == "" || c.query.Get(name) == value }
	if asked("name", o.Region) && asked("domain_id", o.DomainID) {
		list = append(list, map[string]any{
			"id": o.ProjectID, "name": o.Region, "domain_id": o.DomainID, "parent_id": o.DomainID,
			"description": "", "enabled": true, "is_domain": false, "links": links("/v3/projects/" + o.ProjectID),
		})
	}
	return answer(map[string]any{"projects": list, "links": links("/v3/projects")})
}

// listDomains answers KeystoneListAuthDomains.
func listDomains(c *call) (reply, error) {
	o := &c.e.opts
	return answer(map[string]any{
		"domains": []any{map[string]any{
			"id": o.DomainID, "name": o.UserName, "description": "", "enabled": true, "links": links("/v3/domains/" + o.DomainID),
		}},
		"links": links("/v3/auth/domains"),
	})
}

func links(self string) map[string]any {
	return map[string]any{"self": self, "next": nil, "previous": nil}
}
