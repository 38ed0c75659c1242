package hbs

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Tokens of Besu:
var (
	createBesuTokens = operation[createTokenRequest, stream]{name: "CreateBesuTokens", method: http.MethodPost, path: "besu/instances/{instance_id}/chain/tokens"}
	listBesuTokens   = operation[instanceRequest, listTokensAnswer]{name: "ListBesuTokens", method: http.MethodGet, path: "besu/instances/{instance_id}/chain/tokens"}
	deleteBesuTokens = operation[tokenRequest, result]{name: "DeleteBesuTokens", method: http.MethodDelete, path: "besu/instances/{instance_id}/chain/tokens/{token_id}"}
)

type (
	createTokenRequest struct {
		Instance string     `json:"instance_id" at:"path"`
		Body     *tokenText `json:"body" at:"body"`
	}
	tokenText struct {
		Description string `json:"description"`
	}
	tokenRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Token    string `json:"token_id" at:"path"`
	}
	listTokensAnswer struct {
		Tokens []tokenInfo `json:"tokens"`
		answered
	}
	tokenInfo struct {
		ID          string `json:"token_id"`
		Description string `json:"description"`
		Created     string `json:"create_time"`
	}
)

// besuToken provides HBS.BesuToken: a credential for the nodes of a Besu chain.
// The service tells the secret once, in the answer to its creation, and the ID
// never; that is the one that was not there before. If the answer gets lost nobody
// knows the secret, so what came of it is deleted and another token made:
//
//	""  --what is there is noted-->  send  --made, and found in the list-->  done
//	                                  |  ^
//	           answer lost: looked for +--+ deleted, or not there for long enough
type besuToken struct {
	api
	huaweicloud.LooksFirst
	providers.WellIfThere
}

// maxTokenName bounds the description that a token is given if it has none.
const maxTokenName = 64

// Advance implements providers.Provider.
func (p besuToken) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	instance := instanceFor(req)
	switch {
	case req.Action == providers.Delete:
		return p.delete(ctx, instance, req.ObjectID)
	case req.Action == providers.Update: // everything is immutable
		o, err := p.Read(ctx, req)
		return done(o), err
	}
	all, err := p.found(ctx, instance, tokenName(req))
	if err != nil {
		return providers.Progress{}, err
	}
	next := providers.Operation{Stage: huaweicloud.StageSend}
	if op.Stage == "" {
		next.Note = huaweicloud.Existing(all)
		return providers.Progress{Next: next}, nil
	}
	if req.Settling {
		return providers.Progress{Done: true}, nil // nobody knows the secret of what may be there
	}
	if resumed || op.Note[noteLost] != "" {
		return p.discard(ctx, instance, op, p.fresh(ctx, req, op, all), time.Now())
	}
	return p.issue(ctx, req, op)
}

// noteLost says in an operation's notes since when a token is looked for whose
// secret was lost.
const noteLost = "lost"

// discard deletes what a lost request has made. It looks for that as long as it may
// be shown late, and only then lets another one be made.
func (p besuToken) discard(ctx context.Context, instance string, op providers.Operation, lost []string, now time.Time) (providers.Progress, error) {
	next := providers.Progress{Next: op, After: poll, Message: "looking for a token whose secret was lost"}
	begun, err := time.Parse(time.RFC3339Nano, op.Note[noteLost])
	switch {
	case len(lost) > 0:
		_, err := deleteBesuTokens.change(ctx, p.api, &tokenRequest{instance, lost[0]})
		if err != nil && !huaweicloud.Gone(err) {
			return providers.Progress{}, err
		}
		next.Message = "removed a token whose secret was lost"
	case err != nil || begun.After(now): // the clock may have been set back
		next.Next = noted(op, noteLost, now.UTC().Format(time.RFC3339Nano))
		return next, nil
	case now.Sub(begun) < p.c.Late():
		return next, nil
	}
	notes := maps.Clone(op.Note)
	delete(notes, noteLost)
	next.Next.Note = notes
	return next, nil
}

// issue makes a token and finds out which it is. What goes wrong after it is made
// loses the secret, like a lost answer.
func (p besuToken) issue(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	instance := instanceFor(req)
	secret, err := fetch(ctx, p.api, createBesuTokens, &createTokenRequest{instance, &tokenText{tokenName(req)}})
	if err != nil {
		return providers.Progress{}, p.explain(ctx, instance, err)
	}
	id, err := p.issued(ctx, req, op)
	if err != nil {
		return providers.Progress{}, secretLost(err)
	}
	info, err := p.token(ctx, instance, id)
	if err != nil {
		return providers.Progress{}, secretLost(err)
	}
	o := tokenObject(instance, info)
	o.Attributes["token"] = string(secret)
	return done(o), nil
}

// issued finds the token that was just made. It waits for it here, because the
// secret is in no place where another Advance could find it.
func (p besuToken) issued(ctx context.Context, req *providers.Request, op providers.Operation) (string, error) {
	for wait, over := poll, time.Now().Add(p.c.Late()); ; wait *= 2 {
		all, err := p.found(ctx, instanceFor(req), tokenName(req))
		if err != nil {
			return "", err
		}
		made := p.fresh(ctx, req, op, all)
		if len(made) == 1 {
			return made[0], nil
		}
		if time.Now().After(over) {
			return "", errors.New("the new token can't be told from others in the list")
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func secretLost(err error) error {
	return &providers.Error{
		Kind: providers.Ambiguous, Operation: createBesuTokens.name, Err: err,
		Message: "a token was made, but it could not be found out which it is: " + err.Error(),
		Advice:  "Run the command again: it removes the token and makes another one.",
	}
}

func tokenName(req *providers.Request) string {
	if text := req.String("description"); text != "" {
		return text
	}
	return huaweicloud.Name(&providers.Request{Stack: req.Stack, Node: req.Node}, maxTokenName)
}

// found lists the tokens of a description.
func (p besuToken) found(ctx context.Context, instance, description string) ([]huaweicloud.Found, error) {
	r, err := listBesuTokens.read(ctx, p.api, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	var out []huaweicloud.Found
	for _, t := range r.Tokens {
		if t.Description == description {
			out = append(out, huaweicloud.Found{Candidate: providers.Candidate{
				ID: t.ID, Name: t.Description, Parent: "instance " + instance, Created: moment(t.Created),
			}})
		}
	}
	return out, nil
}

// fresh are the IDs of tokens that were not there before and that nobody else has
// made, or may have.
func (p besuToken) fresh(ctx context.Context, req *providers.Request, op providers.Operation, all []huaweicloud.Found) []string {
	var ids []string
	for _, f := range huaweicloud.Fresh(op, all) {
		hold := providers.NotHeld
		if req.Holder != nil {
			_, hold = req.Holder(ctx, huaweicloud.JoinPath(instanceFor(req), f.ID))
		}
		if hold == providers.NotHeld {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// token returns a token of an instance, or an error of kind NotFound.
func (p besuToken) token(ctx context.Context, instance, id string) (*tokenInfo, error) {
	r, err := listBesuTokens.read(ctx, p.api, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	for i := range r.Tokens {
		if r.Tokens[i].ID == id {
			return &r.Tokens[i], nil
		}
	}
	return nil, huaweicloud.Absent("token", id)
}

func (p besuToken) delete(ctx context.Context, instance, id string) (providers.Progress, error) {
	parts, err := huaweicloud.SplitPath("HBS.BesuToken", id, "instance", 2)
	if err != nil {
		return providers.Progress{}, err
	}
	_, err = deleteBesuTokens.change(ctx, p.api, &tokenRequest{instance, parts[1]})
	if huaweicloud.Gone(err) {
		err = nil
	}
	return providers.Progress{Done: err == nil}, err
}

// Read implements providers.Provider.
func (p besuToken) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.BesuToken", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	info, err := p.token(ctx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	// The secret itself may be there but sealed under a key that is lost: the stack
	// must still be seen, and deleted.
	if providers.Text(req.Attributes["tokenId"]) == "" {
		return nil, &providers.Error{
			Kind: providers.Invalid, Message: "the service tells the secret of a token only when it makes it",
			Advice: "Let the stack make a new token instead of importing one.",
		}
	}
	o := tokenObject(parts[0], info)
	if secret, ok := req.Attributes["token"]; ok {
		o.Attributes["token"] = secret
	}
	return o, nil
}

func tokenObject(instance string, t *tokenInfo) *providers.Object {
	id := huaweicloud.JoinPath(instance, t.ID)
	return &providers.Object{
		ID:         id,
		Attributes: map[string]any{"refID": id, "refName": t.Description, "tokenId": t.ID, "createTime": t.Created},
		Properties: map[string]any{"instanceId": instance},
	}
}

// ReadAll implements providers.Lister.
func (p besuToken) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}
