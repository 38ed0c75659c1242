package emulator

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
)

// What lets the second tenant in, unless Options say otherwise. It opens no
// real account.
const (
	PartnerUserName  = "partner"
	PartnerPassword  = "Partner-Passw0rd"
	PartnerAccessKey = "PARTNERACCESSKEY0000"
	PartnerSecretKey = "partnerSecretKeyThatOpensNoRealAccount00"
	PartnerProjectID = "e0000000000000000000000000000011"
	PartnerDomainID  = "e0000000000000000000000000000012"
	PartnerUserID    = "e0000000000000000000000000000013"
)

// Tenant is an account of the cloud with its one user, its one project, and the
// credentials of the user. Tenants see nothing of each other but what a
// consortium shows.
type Tenant struct {
	Name      string // of account and user; by it other tenants invite it
	Password  string // for tokens
	AccessKey string
	SecretKey string
	ProjectID string
	DomainID  string // of the account
	UserID    string
}

// partner is the tenant beside the first one.
func partner() Tenant {
	return Tenant{
		Name: PartnerUserName, Password: PartnerPassword, AccessKey: PartnerAccessKey, SecretKey: PartnerSecretKey,
		ProjectID: PartnerProjectID, DomainID: PartnerDomainID, UserID: PartnerUserID,
	}
}

// tenants are those of the options, the first one first. No two have the same
// name, project, account, user or access key.
func (o Options) tenants() ([]Tenant, error) {
	list := []Tenant{{
		Name: o.UserName, Password: o.Password, AccessKey: o.AccessKey, SecretKey: o.SecretKey,
		ProjectID: o.ProjectID, DomainID: o.DomainID, UserID: DefaultUserID,
	}}
	list = append(list, o.Partners...)
	seen := map[[2]string]bool{}
	for _, t := range list {
		if t.Password == "" || t.SecretKey == "" {
			return nil, fmt.Errorf("the tenant %q has no password or no secret key", t.Name)
		}
		for _, own := range [][2]string{
			{"name", t.Name}, {"access key", t.AccessKey}, {"project", t.ProjectID}, {"account", t.DomainID}, {"user", t.UserID},
		} {
			if own[1] == "" || seen[own] {
				return nil, fmt.Errorf("the tenant %q has no %s of its own", t.Name, own[0])
			}
			seen[own] = true
		}
	}
	return list, nil
}

// env are the variables that let a tenant in.
func (t Tenant) env(region string) map[string]string {
	return map[string]string{
		"HW_ACCESS_KEY":  t.AccessKey,
		"HW_SECRET_KEY":  t.SecretKey,
		"HW_PROJECT_ID":  t.ProjectID,
		"HW_REGION_NAME": region,
	}
}

// Env returns the environment variables that let the first tenant in: access
// key, secret key, project and region.
func (e *Emulator) Env() map[string]string { return e.tenants[0].env(e.opts.Region) }

// Projects returns what Env returns for each tenant, by its name.
func (e *Emulator) Projects() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, t := range e.tenants {
		all[t.Name] = t.env(e.opts.Region)
	}
	return all
}

// tenantBy finds the tenant that fits; nil if none does.
func (e *Emulator) tenantBy(fits func(*Tenant) bool) *Tenant {
	i := slices.IndexFunc(e.tenants, func(t Tenant) bool { return fits(&t) })
	if i < 0 {
		return nil
	}
	return &e.tenants[i]
}

// tenantOf is whose project that is. Objects of a file may outlive a tenant of
// earlier options; of him only the project is known.
func (e *Emulator) tenantOf(project string) *Tenant {
	if t := e.tenantBy(func(t *Tenant) bool { return t.ProjectID == project }); t != nil {
		return t
	}
	return &Tenant{ProjectID: project}
}

// withKey is the tenant whose access key that is.
func (e *Emulator) withKey(accessKey string) (*Tenant, error) {
	if t := e.tenantBy(func(t *Tenant) bool { return sameSecret(t.AccessKey, accessKey) }); t != nil {
		return t, nil
	}
	return nil, errors.New("unknown access key")
}

// tenant is who calls.
func (c *call) tenant() *Tenant { return c.e.tenantOf(c.project) }

// sameSecret compares without telling by its time how much is the same.
func sameSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
