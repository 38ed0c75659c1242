package emulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const kindOperation = "bcs.operation"

// Types of operations (API 1.5.1.17). That of leaving a channel is not in the list there, but in
// the answer of BatchRemoveOrgsFromChannel.
const (
	opCreate   = "99"
	opDelete   = "00"
	opUpgrade  = "01"
	opRollback = "91"
	opAddOrg   = "02"
	opScale    = "03"
	opJoin     = "04"
	opUnion    = "05"
	opLeave    = "06"
)

const resourceInstance = "BCSSVC01"

// What operations take (user guide 1.3.1 for the creation, the others are the
// emulator's choice), before Options.Speed divides it.
const (
	takesCreation    = 20 * time.Minute
	takesDeletion    = 5 * time.Minute
	takesOrg         = 5 * time.Minute
	takesScaling     = 3 * time.Minute
	takesOrgRemoval  = 3 * time.Minute
	takesChannel     = time.Minute
	takesJoin        = time.Minute
	takesLeave       = time.Minute
	takesUnion       = 2 * time.Minute
	takesCertificate = 45 * time.Second // until a freeze takes effect (API 1.5.1.12)

	// waiting is the share of an operation, in percent, before it is begun.
	waiting = 1
)

// operation is one piece of asynchronous work, as its record tells it. When
// each part begins and ends is fixed at the start, so that its state is a
// function of the clock.
type operation struct {
	ID, Type     string
	Instance     string
	InstanceName string
	Project      string
	Domain       string
	Cluster      cluster
	Started      time.Time
	Begun        time.Time // waiting before, processing after
	Steps        []opStep
	Ends         time.Time
	Failure      string // why it fails; "" if it does not
	Effect       effect
}

// opStep is a named part with named parts of its own, one after the other.
type opStep struct {
	Name     string
	Substeps []opSubstep
}

// opSubstep is the smallest part. The one that fails is the last that begins;
// those after it have a zero Begins.
type opSubstep struct {
	Name         string
	Begins, Ends time.Time
	Fails        bool
}

// effect is what an operation changes when it succeeds.
type effect struct {
	Create      bool            `json:",omitempty"`
	Delete      bool            `json:",omitempty"`
	AddOrgs     []*organization `json:",omitempty"`
	RemoveOrgs  []string        `json:",omitempty"`
	Scale       map[string]int  `json:",omitempty"` // peers by organisation
	AddChannels []*channel      `json:",omitempty"`
	DropChannel string          `json:",omitempty"`
	Channel     string          `json:",omitempty"` // the channel that Members is about
	Members     []member        `json:",omitempty"` // new numbers of peers; 0: leaves
	Invitation  string          `json:",omitempty"` // the invitation that gets another status
	Becomes     string          `json:",omitempty"` // that status
}

func (o *operation) object() Object {
	return Object{Kind: kindOperation, ID: o.ID, Project: o.Project, Parent: o.Instance, Name: o.InstanceName, Created: o.Started}
}

// plan says what parts an operation has, and how its time is shared out.
type plan struct {
	takes time.Duration
	steps []planStep
}

type planStep struct {
	name string
	subs []planSub
}

type planSub struct {
	name   string
	weight int // share of the time
}

// start begins an operation on i, and stores both.
func (c *call) start(i *instance, kind string, e effect, p plan) (*operation, error) {
	id, err := c.operationID(kind)
	if err != nil {
		return nil, err
	}
	op := &operation{
		ID: id, Type: kind, Instance: i.ID, InstanceName: i.Name, Project: i.Project, Domain: c.e.tenantOf(i.Project).DomainID,
		Cluster: i.Cluster, Started: c.now, Failure: c.fault.FailOperation, Effect: e,
	}
	op.layOut(p, c.e.takes(p.takes))
	i.Running = op.ID
	if err := c.put(op); err != nil {
		return nil, err
	}
	if err := c.put(i); err != nil {
		return nil, err
	}
	return op, c.schedule(kindOperation, op.ID, op.Ends)
}

// operationID makes an ID of the documented form, whose last part is the time
// in nanoseconds. Two in the same nanosecond take the next free one.
func (c *call) operationID(kind string) (string, error) {
	for ns := c.now.UnixNano(); ; ns++ {
		id := fmt.Sprintf("%s-%s-%d", resourceInstance, kind, ns)
		taken, err := get[operation](c.tx, kindOperation, id)
		if err != nil || taken == nil {
			return id, err
		}
	}
}

// layOut puts the parts on the time line: a short wait, then one after the
// other. A failing operation fails in the middle of its middle part.
func (o *operation) layOut(p plan, total time.Duration) {
	sum, parts := 0, 0
	for _, s := range p.steps {
		for _, sub := range s.subs {
			sum += sub.weight
			parts++
		}
	}
	o.Begun = o.Started.Add(total * waiting / 100)
	work, at, done, n := total-total*waiting/100, o.Begun, 0, 0
	for _, s := range p.steps {
		step := opStep{Name: s.name}
		for _, sub := range s.subs {
			part := opSubstep{Name: sub.name}
			done += sub.weight
			if o.Ends.IsZero() {
				part.Begins = at
				at = o.Begun.Add(work * time.Duration(done) / time.Duration(sum))
				part.Ends = at
			}
			if o.Failure != "" && n == parts/2 {
				part.Ends, part.Fails = part.Begins.Add(part.Ends.Sub(part.Begins)/2), true
				o.Ends = part.Ends
			}
			n++
			step.Substeps = append(step.Substeps, part)
		}
		o.Steps = append(o.Steps, step)
	}
	if o.Ends.IsZero() {
		o.Ends = at
	}
}

// settleOperation ends an operation: its effect comes true, or is dropped if
// it failed.
func settleOperation(c *call, id string) error {
	op, err := get[operation](c.tx, kindOperation, id)
	if err != nil || op == nil {
		return err
	}
	i, err := get[instance](c.tx, kindInstance, op.Instance)
	if err != nil || i == nil {
		return err
	}
	i.Running = ""
	if op.Effect.Invitation != "" {
		if err := c.settleInvitation(op); err != nil {
			return err
		}
	}
	switch {
	case op.Failure != "":
		return c.fail(i, op)
	case op.Effect.Delete:
		return c.forget(i)
	case op.Effect.DropChannel != "":
		if err := c.cancelInvitations(i, op.Effect.DropChannel); err != nil {
			return err
		}
	}
	i.apply(op.Effect, c.now)
	return c.put(i)
}

// forget removes an instance and what lives in it.
func (c *call) forget(i *instance) error {
	if err := c.dissolve(i); err != nil {
		return err
	}
	if err := c.forgetCertificates(i); err != nil {
		return err
	}
	if err := c.forgetAlarms(i); err != nil {
		return err
	}
	return c.remove(i)
}

// fail is what a failed operation leaves behind: a creation or deletion an
// abnormal instance, with an alarm, anything else no trace.
func (c *call) fail(i *instance, op *operation) error {
	if !op.Effect.Create && !op.Effect.Delete {
		return c.put(i)
	}
	i.Failed = true
	if op.Effect.Delete {
		return c.setHealth(i, healthAbnormal)
	}
	i.Health = healthAbnormal
	if err := c.raise(i, AlarmCreate); err != nil {
		return err
	}
	return c.put(i)
}

// apply carries out an effect.
func (i *instance) apply(e effect, at time.Time) {
	if e.Create {
		i.Health = healthNormal
	}
	i.Orgs = append(i.Orgs, e.AddOrgs...)
	i.Orgs = slices.DeleteFunc(i.Orgs, func(o *organization) bool { return slices.Contains(e.RemoveOrgs, o.Name) })
	for name, n := range e.Scale {
		if o := i.org(name); o != nil {
			o.Nodes = n
		}
	}
	for _, ch := range e.AddChannels {
		ch.Created = at
		i.Channels = append(i.Channels, ch)
	}
	i.Channels = slices.DeleteFunc(i.Channels, func(ch *channel) bool { return ch.Name == e.DropChannel })
	if ch := i.channel(e.Channel); ch != nil {
		for _, m := range e.Members {
			ch.setPeers(m.Org, m.Peers)
		}
	}
}

// status is the operation's status at a moment.
func (o *operation) status(now time.Time) string {
	switch {
	case now.Before(o.Begun):
		return "waiting"
	case now.Before(o.Ends):
		return "processing"
	case o.Failure != "":
		return "failed"
	}
	return "finished"
}

// status is a sub step's status at a moment; "" if it has not begun.
func (s opSubstep) status(now time.Time) string {
	switch {
	case s.Begins.IsZero() || now.Before(s.Begins):
		return ""
	case now.Before(s.Ends):
		return "processing"
	case s.Fails:
		return "failed"
	}
	return "finished"
}

// status is a step's status: that of its sub steps together.
func (s opStep) status(now time.Time) string {
	finished := 0
	for _, sub := range s.Substeps {
		switch status := sub.status(now); status {
		case "processing", "failed":
			return status
		case "finished":
			finished++
		}
	}
	switch finished {
	case 0:
		return "waiting"
	case len(s.Substeps):
		return "finished"
	}
	return "processing"
}

// listOperations answers ListOpRecord (API 1.5.1.17): filters narrow each
// other, the newest comes first.
func listOperations(c *call) (reply, error) {
	ops, err := all[operation](c.tx, kindOperation, c.project)
	if err != nil {
		return reply{}, err
	}
	slices.SortFunc(ops, func(a, b *operation) int {
		if n := b.Started.Compare(a.Started); n != 0 {
			return n
		}
		return strings.Compare(b.ID, a.ID)
	})
	asked := func(name, value string) bool { return c.query.Get(name) == "" || c.query.Get(name) == value }
	records := []any{}
	for _, op := range ops {
		if asked("blockchain_id", op.Instance) && asked("operation_id", op.ID) && asked("operation_type", op.Type) &&
			asked("resource_type", resourceInstance) && asked("operation_status", op.status(c.now)) {
			records = append(records, op.record(c.now))
		}
	}
	return answer(map[string]any{"count": len(records), "operation_records": records})
}

// record is the operation as ListOpRecord shows it at a moment. Numbers of sub
// steps go on from step to step.
func (o *operation) record(now time.Time) any {
	process, number := map[string]any{}, 0
	for n, s := range o.Steps {
		subs := map[string]any{}
		for _, sub := range s.Substeps {
			number++
			subs[sub.Name] = o.substepRecord(sub, number, now)
		}
		process[s.Name] = map[string]any{
			"step_name": s.Name, "status": s.status(now), "detail": "", "sub_steps": subs, "serial_num": n + 1,
		}
	}
	var message any
	if status := o.status(now); status == "failed" {
		message = []string{o.Failure}
	}
	return map[string]any{
		"operation_id": o.ID, "resource_type": resourceInstance, "operation_type": o.Type,
		"domain_id": o.Domain, "project_id": o.Project,
		"blockchain_id": o.Instance, "blockchain_name": o.InstanceName,
		"cluster_info": map[string]any{
			"cluster_type": o.Cluster.Type, "name": o.Cluster.Name, "cluster_id": o.Cluster.ID, "node_infos": nil,
		},
		"operation_process": process,
		"record_time":       o.Started.UnixNano(),
		"operation_status":  o.status(now),
		"message":           message,
		"desc":              nil,
	}
}

func (o *operation) substepRecord(s opSubstep, number int, now time.Time) any {
	status := s.status(now)
	rec := map[string]any{
		"substep_name": s.Name, "status": status, "detail": nil, "message": nil,
		"start_time": int64(0), "end_time": int64(0), "serial_num": number,
	}
	if status == "" {
		rec["detail"] = "waiting"
		return rec
	}
	rec["start_time"] = s.Begins.UnixNano()
	if status != "processing" {
		rec["end_time"] = s.Ends.UnixNano()
	}
	if status == "failed" {
		rec["detail"] = o.Failure
		rec["message"] = []string{o.Failure}
	}
	return rec
}

// Names of steps and sub steps that other parts look up (Seen, API 1.5.1.17).
const (
	stepPreparation = "Preparation"
	stepDependents  = "Create Other Dependent Resource"
	subCluster      = "Create CCE cluster"
	subEIP          = "Create EIP"
	subStorage      = "Create network storage"
)

// planCreation lays out a creation: what the order asks for, in the order in
// which the service is seen to make it.
func planCreation(i *instance) plan {
	dependents := planStep{name: stepDependents}
	if i.Order.CreateNewCluster {
		dependents.subs = append(dependents.subs, planSub{subCluster, 40})
	}
	if i.Order.UseEIP {
		dependents.subs = append(dependents.subs, planSub{subEIP, 3})
	}
	dependents.subs = append(dependents.subs, planSub{subStorage, 17})
	deploy := planStep{"Deploy Blockchain", []planSub{{"Generate certificates", 5}, {"Deploy orderers", 25}}}
	for _, o := range i.Orgs {
		deploy.subs = append(deploy.subs, planSub{"Deploy peers of " + o.Name, 15})
	}
	deploy.subs = append(deploy.subs, planSub{"Deploy agent", 10})
	steps := []planStep{{stepPreparation, []planSub{{"Generate basic configurations", 5}}}, dependents, deploy}
	if len(i.Channels) > 0 {
		channels := planStep{name: "Create Channels"}
		for _, ch := range i.Channels {
			channels.subs = append(channels.subs, planSub{"Create channel " + ch.Name, 5})
		}
		steps = append(steps, channels)
	}
	return plan{takesCreation, steps}
}

func planDeletion(i *instance) plan {
	release := planStep{"Release Resources", []planSub{{"Delete network storage", 30}, {"Delete instance data", 10}}}
	return plan{takesDeletion, []planStep{
		{stepPreparation, []planSub{{"Check the instance", 5}}},
		{"Delete Blockchain", []planSub{{"Delete channels", 15}, {"Delete the nodes of " + i.Name, 40}}},
		release,
	}}
}

// planSimple is an operation of one step after the preparation.
func planSimple(takes time.Duration, step string, subs ...string) plan {
	s := planStep{name: step}
	for _, name := range subs {
		s.subs = append(s.subs, planSub{name, 10})
	}
	return plan{takes, []planStep{{stepPreparation, []planSub{{"Check the request", 1}}}, s}}
}
