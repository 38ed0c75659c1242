package hbs

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Look reads what an account has, for people to look at. Each method names the
// operations that it asks, and changes nothing. What the service leaves out is the
// zero value; lists are whole, and keep the service's order.
type Look struct{ api }

// NewLook returns the way to look at the account of a client.
func NewLook(c *huaweicloud.Client) Look { return Look{api{c}} }

// The operations that only Look asks, about the account:
var (
	showDashboard     = operation[struct{}, dashboardAnswer]{name: "ShowDashboard", method: http.MethodGet, path: "huaweicloudchain/dashboard"}
	showResourcePrice = operation[priceRequest, priceAnswer]{name: "ShowResourcePrice", method: http.MethodPost, path: "huaweicloudchain/inquiry"}
)

type (
	dashboardAnswer struct {
		Instances int64 `json:"instance_num"`
		answered
	}
	priceRequest struct {
		Body *priceQuestion `json:"body" at:"body"`
	}
	priceQuestion struct {
		Edition    string `json:"edition"`
		Orgs       int    `json:"org_num"`
		ChargeMode int    `json:"charge_mode"`
		PeriodType int    `json:"period_type"`
		PeriodNum  int    `json:"period_num"`
		// Empty unless a promotion is taken part in.
		Promotion    string `json:"promotion_id,omitempty"`
		DiscountPlan string `json:"discount_plan_id,omitempty"`
	}
	priceAnswer struct {
		Amount   huaweicloud.Loose `json:"amount"`
		Original huaweicloud.Loose `json:"original_amount"`
		Currency string            `json:"currency"`
		answered
	}
)

// Instance is one, as the service shows it.
type Instance struct {
	ID                string    `json:"id"`
	Name              string    `json:"name"`
	Status            string    `json:"status"`
	Kind              string    `json:"kind"` // HuaweiCloudChain or Besu
	Edition           string    `json:"edition"`
	Version           string    `json:"version"` // of the engine; "" for Besu, of which it is not told
	Mode              string    `json:"mode"`    // Cloud or Edge
	ChainID           string    `json:"chain_id"`
	Consensus         string    `json:"consensus"`
	SignAlgorithm     string    `json:"sign_algorithm"`
	Organizations     []string  `json:"organizations"`
	EnterpriseProject string    `json:"enterprise_project"`
	Created           time.Time `json:"created"`
	Updated           time.Time `json:"updated"`
}

// Instances lists those of the project (ListInstances).
func (l Look) Instances(ctx context.Context) ([]Instance, error) {
	all, err := l.instances(ctx)
	out := make([]Instance, len(all))
	for i := range all {
		out[i] = all[i].look()
	}
	return out, err
}

// Instance shows one of them (ShowInstance).
func (l Look) Instance(ctx context.Context, id string) (Instance, error) {
	i, err := l.instance(ctx, id)
	if err != nil {
		return Instance{}, err
	}
	return i.look(), nil
}

func (i *instanceInfo) look() Instance {
	out := Instance{
		ID: i.ID, Name: i.Name, Status: i.Status, Kind: i.kind(), Edition: i.Edition, Version: i.Engine, Mode: i.Mode,
		EnterpriseProject: i.EnterpriseProject, Created: moment(i.Created), Updated: moment(i.Updated),
	}
	for _, o := range i.Orgs {
		out.Organizations = append(out.Organizations, o.Name)
	}
	if len(i.Chains) > 0 {
		out.ChainID, out.Consensus, out.SignAlgorithm = i.Chains[0].ID, i.Chains[0].Consensus, i.Chains[0].SignAlgorithm
	}
	return out
}

// Total is how many there are of something.
type Total struct {
	Type  string `json:"type"`
	Count int64  `json:"count"`
}

// Totals counts what there is (ShowDashboard): instances.
func (l Look) Totals(ctx context.Context) ([]Total, error) {
	r, err := showDashboard.read(ctx, l.api, &struct{}{})
	if err != nil {
		return nil, err
	}
	return []Total{{"instance", r.Instances}}, nil
}

// Flavour is what instances of an edition may have.
type Flavour struct {
	Edition       string `json:"edition"`
	Organizations int64  `json:"organizations"`
	TPS           int64  `json:"tps"`
}

// Flavours lists the editions (ShowServerInfo).
func (l Look) Flavours(ctx context.Context) ([]Flavour, error) {
	r, err := showServerInfo.read(ctx, l.api, &struct{}{})
	if err != nil {
		return nil, err
	}
	var out []Flavour
	for _, e := range r.Editions {
		out = append(out, Flavour{e.Name, e.MaxOrgs, e.TPS})
	}
	return out, nil
}

// Version is the newest of something that runs in instances.
type Version struct {
	Component string `json:"component"` // engine or plugin
	Name      string `json:"name"`
	Version   string `json:"version"`
}

// Versions lists the newest ones (ShowServerInfo).
func (l Look) Versions(ctx context.Context) ([]Version, error) {
	r, err := showServerInfo.read(ctx, l.api, &struct{}{})
	if err != nil {
		return nil, err
	}
	out := []Version{{"engine", kindChain, r.Engine}, {"engine", kindBesu, r.Besu}}
	for _, p := range r.Plugins {
		out = append(out, Version{"plugin", p.Type, p.Version})
	}
	return out, nil
}

// Period is how long something is bought for: whole months or years.
type Period struct {
	Years bool
	Count int
}

// The units of a period (API reference 2.5.3.1).
const (
	unitMonth = 2
	unitYear  = 3
)

func (p Period) unit() int {
	if p.Years {
		return unitYear
	}
	return unitMonth
}

// Price is what organizations cost. The unit of the amounts is not documented.
type Price struct {
	Edition       string  `json:"edition"`
	Organizations int     `json:"organizations"`
	Months        int     `json:"months"`
	Amount        float64 `json:"amount"`
	Original      float64 `json:"original_amount"` // before discounts
	Currency      string  `json:"currency"`
}

// Price asks what organizations of an edition cost (ShowResourcePrice).
func (l Look) Price(ctx context.Context, edition string, orgs int, p Period) (Price, error) {
	r, err := showResourcePrice.read(ctx, l.api, &priceRequest{&priceQuestion{
		Edition: edition, Orgs: orgs, PeriodType: p.unit(), PeriodNum: p.Count,
	}})
	if err != nil {
		return Price{}, err
	}
	months := p.Count
	if p.Years {
		months *= 12
	}
	return Price{edition, orgs, months, r.Amount.Number(), r.Original.Number(), r.Currency}, nil
}

// Operation is a job of the service.
type Operation struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	Code       string    `json:"code"` // the service's, such as UpgradeChainEngine
	Status     string    `json:"status"`
	InstanceID string    `json:"instance_id"`
	Instance   string    `json:"instance"`
	At         string    `json:"at"` // how far it is, such as 30 %; "" if it does not run
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended"`
	Changed    time.Time `json:"changed"` // ended, or else started
	Failure    string    `json:"failure"`
}

// Done tells whether the work of a job is over, well or not.
func (o Operation) Done() bool { return o.Status == jobFailed || o.Status == jobSuccess }

// jobNames are the types of jobs in words.
var jobNames = map[string]string{
	jobCreateInstance: "create instance", jobDeleteInstance: "delete instance", jobUpgrade: "upgrade instance",
	jobCreateOrg: "add organization", jobDeleteOrg: "remove organization",
}

func (j *jobInfo) look() Operation {
	o := Operation{
		ID: j.ID, Type: cmp.Or(jobNames[j.Type], j.Type), Code: j.Type, Status: j.Status, InstanceID: j.Instance, Instance: j.InstanceName,
		Started: moment(j.Started), Ended: moment(j.Ended), Failure: j.Failure,
	}
	if j.Status == jobRunning {
		o.At = strconv.Itoa(j.Progress) + " %"
	}
	if o.Changed = o.Ended; o.Changed.IsZero() {
		o.Changed = o.Started
	}
	return o
}

// Operations lists the jobs that began since a time, the zero one meaning all
// (ListHuaweiChainJobs). The newest come first.
func (l Look) Operations(ctx context.Context, since time.Time) ([]Operation, error) {
	var from *string
	if !since.IsZero() {
		text := since.UTC().Format(time.RFC3339)
		from = &text
	}
	all, err := l.jobs(ctx, listJobsRequest{Since: from})
	out := make([]Operation, len(all))
	for i := range all {
		out[i] = all[i].look()
	}
	slices.SortStableFunc(out, func(a, b Operation) int { return b.Changed.Compare(a.Changed) })
	return out, err
}

// Operation shows one job (ShowHuaweiChainJob).
func (l Look) Operation(ctx context.Context, id string) (Operation, error) {
	r, err := showHuaweiChainJob.read(ctx, l.api, &jobRequest{id})
	if err != nil {
		return Operation{}, err
	}
	return r.look(), nil
}
