package emulator

import (
	"crypto/rand"
	"net/http"
	"slices"
	"time"
)

// The user and the account of a tenant carry the same name.

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

// proven tells whether the identity is of a tenant, and knows the secret of one
// of its methods.
func (i *identity) proven(t *Tenant) bool {
	id := &i.Auth.Identity
	user := id.Password.User
	switch {
	case slices.Contains(id.Methods, "password"):
		return (user.Name == t.Name || user.ID == t.UserID) && sameSecret(user.Password, t.Password)
	case slices.Contains(id.Methods, "hw_ak_sk"):
		return sameSecret(id.AkSk.Access.Key, t.AccessKey) && sameSecret(id.AkSk.Secret.Key, t.SecretKey)
	}
	return false
}

// createToken answers KeystoneCreateUserTokenByPassword, by password and by
// access key. Every token is for the one project of the tenant.
func createToken(c *call) (reply, error) {
	var who identity
	if err := c.decode(&who); err != nil {
		return reply{}, err
	}
	t := c.e.tenantBy(who.proven)
	if t == nil {
		return reply{}, gatewayError(http.StatusUnauthorized)
	}
	region := c.e.opts.Region
	if p := who.Auth.Scope.Project; p != nil && p.ID != t.ProjectID && p.Name != region {
		return reply{}, &apiError{status: http.StatusUnauthorized, code: "IAM.0101", message: "The project of the scope does not exist"}
	}
	text := "MII" + rand.Text() + rand.Text()
	if err := c.put(&token{Digest: tokenDigest(text), Project: t.ProjectID, Issued: c.now}); err != nil {
		return reply{}, err
	}
	domain := map[string]string{"id": t.DomainID, "name": t.Name}
	return reply{
		header: http.Header{"X-Subject-Token": {text}},
		body: map[string]any{"token": map[string]any{
			"methods":    who.Auth.Identity.Methods,
			"issued_at":  c.now.UTC().Format(time.RFC3339Nano),
			"expires_at": c.now.Add(tokenLife).UTC().Format(time.RFC3339Nano),
			"user":       map[string]any{"id": t.UserID, "name": t.Name, "domain": domain},
			"project":    map[string]any{"id": t.ProjectID, "name": region, "domain": domain},
			"roles":      []any{map[string]string{"id": "0", "name": "te_admin"}},
			"catalog":    []any{},
		}},
	}, nil
}

// listProjects answers KeystoneListProjects and KeystoneListAuthProjects.
func listProjects(c *call) (reply, error) {
	t, region, list := c.tenant(), c.e.opts.Region, []any{}
	asked := func(name, value string) bool { return c.query.Get(name) == "" || c.query.Get(name) == value }
	if asked("name", region) && asked("domain_id", t.DomainID) {
		list = append(list, map[string]any{
			"id": t.ProjectID, "name": region, "domain_id": t.DomainID, "parent_id": t.DomainID,
			"description": "", "enabled": true, "is_domain": false, "links": links("/v3/projects/" + t.ProjectID),
		})
	}
	return answer(map[string]any{"projects": list, "links": links("/v3/projects")})
}

// listDomains answers KeystoneListAuthDomains.
func listDomains(c *call) (reply, error) {
	t := c.tenant()
	return answer(map[string]any{
		"domains": []any{map[string]any{
			"id": t.DomainID, "name": t.Name, "description": "", "enabled": true, "links": links("/v3/domains/" + t.DomainID),
		}},
		"links": links("/v3/auth/domains"),
	})
}

func links(self string) map[string]any {
	return map[string]any{"self": self, "next": nil, "previous": nil}
}
