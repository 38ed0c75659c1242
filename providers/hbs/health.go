package hbs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// statesOf are the states of instances and organizations (API reference 2.5.3.2,
// 2.5.4.2); what is how to speak of one.
func statesOf(what, operation string) huaweicloud.States {
	changes := huaweicloud.Meaning{Condition: providers.Healthy, Text: ": organizations come or go"}
	return huaweicloud.States{
		What: what, Operation: operation, Well: []string{statusAvailable},
		Others: map[string]huaweicloud.Meaning{
			statusUnavailable: {Condition: providers.Abnormal, Text: ": it can't be used", Advice: "See in the billing center whether its subscription has ended; else look at it on the console."},
			statusException:   {Condition: providers.Abnormal, Advice: "Look at it on the console, or open a service ticket."},
			statusUnpaid:      {Condition: providers.Abnormal, Text: ": it waits for payment", Advice: "Pay its order in the billing center; the order lapses if nobody does."},
			statusCreating:    {Condition: providers.Unknown, Text: ": it is not ready yet", Advice: "Wait, and look again."},
			statusDeleting:    {Condition: providers.Abnormal, Text: ": it is going"},
			statusUpgrading:   {Condition: providers.Unknown, Text: ": whether it serves meanwhile nobody says", Advice: "Wait, and look again."},
			statusOrgCreating: changes, statusOrgDeleting: changes,
		},
	}
}

// Health implements providers.HealthReader: the state of the instance, of its
// chain and of its organizations with their subscriptions and disks.
func (p instance) Health(ctx context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	i, err := p.instance(ctx, req.ObjectID)
	if err != nil {
		return h, err
	}
	statesOf("The instance", "ShowInstance").Judge(&h, i.Status)
	p.judgeJob(ctx, &h, i)
	for _, c := range i.Chains {
		for _, f := range []struct {
			name string
			n    int64
		}{{"blocks", c.Blocks}, {"transactions", c.Transactions}, {"contracts", c.Contracts}} {
			h.Measure(providers.Figure{Name: f.name, Value: float64(f.n), Operation: "ShowInstance"})
		}
	}
	orgs, err := p.organizations(ctx, i.ID)
	if err != nil {
		huaweicloud.Untold(&h, "Its organizations", err)
		return h, nil
	}
	well := 0
	for k := range orgs {
		var own providers.Health
		orgs[k].judge(&own, "Its organization "+orgs[k].Name)
		if own.Condition() == providers.Healthy {
			well++
		}
		h.Symptoms = append(h.Symptoms, own.Symptoms...)
	}
	h.Nodes = len(orgs)
	h.Measure(providers.Figure{Name: "organizations", Value: float64(well), Of: float64(len(orgs)), Operation: "ListOrganizations"})
	return h, nil
}

// judgeJob notes why the last job on an instance that is not well has failed, as
// long as the service keeps it.
func (a api) judgeJob(ctx context.Context, h *providers.Health, i *instanceInfo) {
	ill := slices.ContainsFunc(i.Orgs, func(o instanceOrg) bool { return o.Status == statusException })
	if i.Status != statusException && !ill {
		return
	}
	job, err := a.newestJob(ctx, i.ID, i.Name, jobCreateInstance, jobDeleteInstance, jobCreateOrg, jobDeleteOrg, jobUpgrade)
	if err != nil {
		huaweicloud.Missed(h, "The last job on it", err)
		return
	}
	var e *providers.Error
	if job != nil && job.Status == jobFailed && errors.As(failure(job), &e) {
		h.Add(providers.Symptom{Condition: providers.Abnormal, Message: "The last " + strings.TrimSuffix(e.Message, ".") + ".", Since: moment(job.Ended), Operation: "ListHuaweiChainJobs", Advice: e.Advice})
	}
}

// Health implements providers.HealthReader: the state of the organization, its
// subscription and its disk, and the state of its instance.
func (p organization) Health(ctx context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	parts, err := huaweicloud.SplitPath("HBS.Organization", req.ObjectID, "instance", 2)
	if err != nil {
		return h, err
	}
	o, err := p.organization(ctx, parts[0], parts[1])
	if err != nil {
		return h, err
	}
	if o == nil {
		return h, huaweicloud.Absent("organization", parts[1])
	}
	o.judge(&h, "The organization")
	return h, p.judgeInstance(ctx, &h, parts[0])
}

// judgeInstance notes what the state of an instance means for what is in it.
func (a api) judgeInstance(ctx context.Context, h *providers.Health, id string) error {
	i, err := a.instance(ctx, id)
	if err == nil {
		statesOf("Its instance", "ShowInstance").Judge(h, i.Status)
	}
	return err
}

// judge notes how an organization is; what is how to speak of it.
func (o *orgInfo) judge(h *providers.Health, what string) {
	const operation = "ListOrganizations"
	statesOf(what, operation).Judge(h, o.Status)
	o.judgeSubscription(h, what, operation)
	if o.Capacity.Total > 0 {
		huaweicloud.Fills(h, "disk", 100*float64(o.Capacity.Used)/float64(o.Capacity.Total), operation,
			"The service has no call that enlarges the disk: open a service ticket.")
	}
}

// nearEnd is how long before its end a subscription that is not renewed is told of.
const nearEnd = 7 * 24 * time.Hour

// judgeSubscription notes what the subscription means: what nobody pays for is
// frozen, and deleted in the end, with its data (API reference 2.5.4.2).
func (o *orgInfo) judgeSubscription(h *providers.Health, what, operation string) {
	t := o.Countdown.Tips
	s := providers.Symptom{Condition: providers.Abnormal, Operation: operation, Advice: "Renew its subscription in the billing center."}
	switch o.Countdown.Code {
	case "hws_countdown_period_gracing":
		s.Since = moment(t.Expires)
		s.Message = what + " is not paid for any more; it is frozen or deleted when the time of grace ends" + atTime(t.Grace) + "."
	case "hws_countdown_period_frozen":
		s.Since = moment(t.Frozen)
		s.Message = what + " is frozen, because its subscription has ended; it is deleted with its data" + atTime(t.Released) + "."
	case "hws_countdown_period_illegalfrozen", "hws_countdown_period_policefrozen":
		s.Since, s.Advice = moment(t.Frozen), "Open a service ticket."
		s.Message = what + " is frozen by the provider or by the police."
	default:
		if end := moment(t.Expires); !end.IsZero() && !o.Order.AutoRenew && time.Until(end) < nearEnd {
			s.Condition, s.Message = providers.Healthy, what+" is paid for until "+t.Expires+", and not renewed by itself."
			break
		}
		return
	}
	h.Add(s)
}

// atTime tells a time in a sentence; "" if it is not known.
func atTime(when string) string {
	if when == "" {
		return ""
	}
	return " at " + when
}

// Health implements providers.HealthReader: an endpoint is as well as the service
// that it leads to. The list has only those that were made.
func (p endpoint) Health(ctx context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	parts, err := huaweicloud.SplitPath("HBS.Endpoint", req.ObjectID, "instance", 2)
	if err != nil {
		return h, err
	}
	s, err := showEndpointService.read(ctx, p.api, &instanceRequest{parts[0]})
	if err != nil {
		huaweicloud.Untold(&h, "The endpoint service", err)
	} else if s.Status == "uncreated" { // of other words nobody says what they mean
		h.Add(providers.Symptom{
			Condition: providers.Abnormal, Message: "The endpoint service of its instance is not there.", Operation: "ShowEndpointService",
			Advice: "Look at the instance on the console.",
		})
	}
	return h, p.judgeInstance(ctx, &h, parts[0])
}

// backupStates are the states of backups, by the list of an instance and by the
// one of what can be restored (API reference 2.5.9.3, 2.5.9.5).
var backupStates = huaweicloud.States{
	What: "The backup", Operation: "ListRestoreBackups", Well: []string{backupActive},
	Others: map[string]huaweicloud.Meaning{
		backupRunning: {Condition: providers.Unknown, Text: ": it is being made", Advice: "Wait, and look again."},
		"Initing":     {Condition: providers.Unknown, Text: ": it is being made", Advice: "Wait, and look again."},
		backupFailed:  {Condition: providers.Abnormal, Text: ": it can't be restored", Advice: "Make another one: apply --replace with its node."},
		"Restoring":   {Condition: providers.Healthy, Text: ": an instance is being made of it"},
		"RestoreFail": {Condition: providers.Abnormal, Text: ": to restore it did not succeed", Advice: "Look at the instance that was ordered with it, and try again."},
	},
}

// Health implements providers.HealthReader: can it be restored?
func (p backup) Health(ctx context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	all, err := p.restorables(ctx)
	if err != nil {
		return h, err
	}
	for _, b := range all {
		if b.ID != req.ObjectID {
			continue
		}
		backupStates.Judge(&h, b.Status)
		for i := range h.Symptoms {
			h.Symptoms[i].Message = strings.TrimSpace(h.Symptoms[i].Message + " " + b.Reason)
		}
		if b.Restored {
			h.Add(providers.Symptom{Condition: providers.Healthy, Message: "It was restored, which is possible once.", Operation: "ListRestoreBackups"})
		}
		return h, nil
	}
	h.Add(providers.Symptom{
		Condition: providers.Unknown, Message: "It is not listed among what can be restored.", Operation: "ListRestoreBackups", Advice: "Look at it on the console.",
	})
	return h, nil
}

// contractStates are the states of contracts (API reference 2.5.6.2); for those of
// Besu no text lists any.
func contractStates(operation string) huaweicloud.States {
	return huaweicloud.States{
		What: "The contract", Operation: operation, Well: []string{contractSuccess},
		Others: map[string]huaweicloud.Meaning{
			contractInstalling: {Condition: providers.Unknown, Text: ": it is not ready yet", Advice: "Wait, and look again."},
			contractFailed:     {Condition: providers.Abnormal, Text: ": it could not be installed", Advice: "Look at it on the console; an apply installs it again."},
		},
	}
}

// Health implements providers.HealthReader: the state of the contract, and what
// came of its scan.
func (contract) Health(_ context.Context, _ *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	const operation = "ShowContractNew"
	contractStates(operation).Judge(&h, providers.Text(o.Attributes["status"]))
	switch findings, _ := o.Attributes["scanFindings"].([]any); {
	case o.Attributes["scanStatus"] == scanStates[scanFailed]:
		h.Add(providers.Symptom{Condition: providers.Healthy, Message: "Its security scan failed.", Operation: operation, Advice: "Install another version to have it scanned."})
	case len(findings) > 0:
		h.Add(providers.Symptom{
			Condition: providers.Healthy, Message: fmt.Sprintf("Its security scan has found something: %s.", strings.Join(texts(findings), "; ")),
			Operation: "ShowContractReport", Advice: "Put right what was found, and install another version.",
		})
	}
	return h, nil
}

func texts(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = providers.Text(v)
	}
	return out
}

// Health implements providers.HealthReader.
func (besuContract) Health(_ context.Context, _ *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	contractStates("ListBesuContracts").Judge(&h, providers.Text(o.Attributes["status"]))
	return h, nil
}

// Health implements providers.HealthReader: for how long the certificates are made.
func (besuCertificates) Health(_ context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	huaweicloud.JudgeValidity(&h, req.Attributes["archive"])
	return h, nil
}

// Health implements providers.HealthReader: for how long the certificates are made.
func (clientConfig) Health(_ context.Context, req *providers.Request, _ *providers.Object) (h providers.Health, _ error) {
	huaweicloud.JudgeValidity(&h, req.Attributes["archive"])
	return h, nil
}
