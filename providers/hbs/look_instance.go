package hbs

import (
	"context"
	"net/http"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// The operations that only Look asks, about an instance:
var (
	showOrganization    = operation[orgRequest, showOrgAnswer]{name: "ShowOrganization", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/organization"}
	showEndpointService = operation[instanceRequest, endpointService]{name: "ShowEndpointService", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/endpoint-service"}
	showAutoBackupRules = operation[instanceRequest, backupRuleAnswer]{name: "ShowAutoBackupRules", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/backups/rules"}
)

type (
	orgRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Name     string `json:"name" at:"query"`
	}
	showOrgAnswer struct {
		orgInfo
		answered
	}
	// endpointService is what the endpoints of an instance lead to.
	endpointService struct {
		Endpoints int64  `json:"endpoint_num"`
		Name      string `json:"endpoint_service_name"`
		Status    string `json:"endpoint_service_status"`
		answered
	}
	backupRuleAnswer struct {
		On   bool `json:"is_enable"`
		Days int  `json:"rule"`
		answered
	}
)

// Organization is one of an instance.
type Organization struct {
	Name          string    `json:"name"`
	Status        string    `json:"status"`
	ID            string    `json:"id"`           // of the resource
	ChainOrgID    string    `json:"chain_org_id"` // on the chain
	Consensus     bool      `json:"consensus"`    // takes part in it
	Endpoint      string    `json:"endpoint"`     // of a node of Besu
	CapacityTotal int64     `json:"capacity_total"`
	CapacityUsed  int64     `json:"capacity_used"`
	Subscription  string    `json:"subscription_id"`
	Edition       string    `json:"edition"`
	Months        int       `json:"months"` // that it was bought for
	AutoRenew     bool      `json:"auto_renew"`
	Billing       string    `json:"billing"` // using, gracing, frozen, illegalfrozen or policefrozen
	Expires       time.Time `json:"expires"`
	Created       time.Time `json:"created"`
}

// Organizations lists those of an instance (ListOrganizations).
func (l Look) Organizations(ctx context.Context, instance string) ([]Organization, error) {
	all, err := l.organizations(ctx, instance)
	out := make([]Organization, len(all))
	for i := range all {
		out[i] = all[i].look()
	}
	return out, err
}

// Organization shows the one of a name (ShowOrganization).
func (l Look) Organization(ctx context.Context, instance, name string) (Organization, error) {
	r, err := showOrganization.read(ctx, l.api, &orgRequest{instance, name})
	if err != nil {
		return Organization{}, err
	}
	if r.Name != name {
		return Organization{}, huaweicloud.Absent("organization", name)
	}
	return r.look(), nil
}

func (o *orgInfo) look() Organization {
	months := o.Order.PeriodNum
	if o.Order.PeriodType == unitYear {
		months *= 12
	}
	return Organization{
		Name: o.Name, Status: o.Status, ID: o.UID, ChainOrgID: o.ChainID, Consensus: o.Consensus, Endpoint: o.Endpoint,
		CapacityTotal: o.Capacity.Total, CapacityUsed: o.Capacity.Used, Subscription: o.Subscription,
		Edition: o.Order.Edition, Months: months, AutoRenew: o.Order.AutoRenew,
		Billing: billing(o.Countdown.Code), Expires: moment(o.Countdown.Tips.Expires), Created: moment(o.Created),
	}
}

// billing is the word of a countdown code (API reference 2.5.4.2) that matters.
func billing(code string) string {
	const prefix = "hws_countdown_period_"
	if len(code) > len(prefix) && code[:len(prefix)] == prefix {
		return code[len(prefix):]
	}
	return code
}

// Endpoint is one of an instance.
type Endpoint struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Address string `json:"address"`
}

// Endpoints lists those of an instance that are ready (ListEndpoints).
func (l Look) Endpoints(ctx context.Context, instance string) ([]Endpoint, error) {
	all, err := l.endpoints(ctx, instance)
	out := make([]Endpoint, len(all))
	for i, e := range all {
		out[i] = Endpoint{e.ID, e.Name, e.IP}
	}
	return out, err
}

// EndpointService is what the endpoints of an instance lead to.
type EndpointService struct {
	Name      string `json:"name"` // "" as long as there is none
	Status    string `json:"status"`
	Endpoints int64  `json:"endpoints"`
}

// EndpointService shows that of an instance (ShowEndpointService).
func (l Look) EndpointService(ctx context.Context, instance string) (EndpointService, error) {
	r, err := showEndpointService.read(ctx, l.api, &instanceRequest{instance})
	if err != nil {
		return EndpointService{}, err
	}
	return EndpointService{r.Name, r.Status, r.Endpoints}, nil
}

// Tag is one of an instance.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Tags lists those of an instance (ListResourceTags).
func (l Look) Tags(ctx context.Context, instance string) ([]Tag, error) {
	r, err := listResourceTags.read(ctx, l.api, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	out := make([]Tag, len(r.Tags))
	for i, t := range r.Tags {
		out[i] = Tag(t)
	}
	return out, nil
}

// Token is a credential of the nodes of a Besu chain, without its secret, which
// the service tells only when it is made.
type Token struct {
	ID          string    `json:"id"`
	Description string    `json:"description"`
	Created     time.Time `json:"created"`
}

// Tokens lists those of an instance of Besu (ListBesuTokens).
func (l Look) Tokens(ctx context.Context, instance string) ([]Token, error) {
	r, err := listBesuTokens.read(ctx, l.api, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	out := make([]Token, len(r.Tokens))
	for i, t := range r.Tokens {
		out[i] = Token{t.ID, t.Description, moment(t.Created)}
	}
	return out, nil
}

// Backup is one of an instance.
type Backup struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Status  string    `json:"status"`
	Type    string    `json:"type"`
	Failure string    `json:"failure"`
	Created time.Time `json:"created"`
}

// Backups lists those of an instance (ListBackups).
func (l Look) Backups(ctx context.Context, instance string) ([]Backup, error) {
	r, err := listBackups.read(ctx, l.api, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	out := make([]Backup, len(r.Backups))
	for i, b := range r.Backups {
		out[i] = b.look()
	}
	return out, nil
}

func (b backupInfo) look() Backup {
	return Backup{b.ID, b.Name, b.Status, b.Type, b.Reason, moment(b.Created)}
}

// BackupRule is how often an instance is saved by itself.
type BackupRule struct {
	On   bool `json:"on"`
	Days int  `json:"days"`
}

// BackupRule shows that of an instance (ShowAutoBackupRules).
func (l Look) BackupRule(ctx context.Context, instance string) (BackupRule, error) {
	r, err := showAutoBackupRules.read(ctx, l.api, &instanceRequest{instance})
	if err != nil {
		return BackupRule{}, err
	}
	return BackupRule{r.On, r.Days}, nil
}

// Restorable is a backup of any instance of the project, to make another one from.
type Restorable struct {
	Backup
	Restored   bool   `json:"restored"` // it was; a backup restores once
	InstanceID string `json:"instance_id"`
	Instance   string `json:"instance"`
	// What the new instance has to be like; told of a single one only.
	Edition       string `json:"edition"`
	Consensus     string `json:"consensus"`
	SignAlgorithm string `json:"sign_algorithm"`
	Organizations string `json:"organizations"`
}

// Restorables lists them (ListRestoreBackups).
func (l Look) Restorables(ctx context.Context) ([]Restorable, error) {
	all, err := l.restorables(ctx)
	out := make([]Restorable, len(all))
	for i, b := range all {
		out[i] = Restorable{Backup: b.look(), Restored: b.Restored, InstanceID: b.Instance, Instance: b.InstanceName}
	}
	return out, err
}

// Restorable shows one of them with what it holds (ListRestoreBackups, since the
// other one does not tell whether it was restored, and ShowRestoreBackups).
func (l Look) Restorable(ctx context.Context, id string) (Restorable, error) {
	all, err := l.Restorables(ctx)
	if err != nil {
		return Restorable{}, err
	}
	for _, b := range all {
		if b.ID != id {
			continue
		}
		r, err := showRestoreBackups.read(ctx, l.api, &savedRequest{id})
		if err != nil {
			return Restorable{}, err
		}
		b.Edition, b.Consensus, b.SignAlgorithm, b.Organizations = r.Edition, r.Consensus, r.SignAlgorithm, r.Orgs
		return b, nil
	}
	return Restorable{}, huaweicloud.Absent("backup", id)
}
