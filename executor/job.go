package executor

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/internal/sched"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// job is what the driver knows of a task beside the core. Only the driver's
// own goroutine touches it; a call in flight has its own copies.
type job struct {
	task   int
	node   string
	typ    string // of the object at hand: the recorded one for a delete
	action planner.Action
	step   *planner.Step  // nil in a recovery
	prior  *state.Element // as recorded before; nil if there is none

	provider   providers.Provider // nil when no call is made
	req        *providers.Request
	properties intrinsic.Value // of the request
	dependsOn  []string        // of the element to be
	hidden     []string        // names of sensitive attributes
	retain     bool            // of the element to be
	revision   int64

	op      providers.Operation // as answered last
	object  *providers.Object   // what is there in the end
	mark    string              // of the last answer, to tell news
	err     error               // the last, without secrets
	attempt int
	begun   time.Time // zero: not yet
	timer   *time.Timer
	key     string    // of the object on which it is alone; "": it need not be
	equal   bool      // nothing had to be called
	quick   bool      // its call changes nothing outside
	touched bool      // a call that may change something was made
	last    time.Time // settled: when something was recorded of it last
	unmade  bool      // settled: the create had made nothing, or the change is not known to have done anything
	stays   string    // why a delete leaves the object in the cloud; "": it does not

	obstacle state.Obstacle // that was told last
}

func (j *job) verb() verb { return actionVerb(j.action) }

// mayHaveMade reports whether a create that looks after a lost answer may have
// made its object although it is refused now: the refusal is about the look, or
// about a second request. That the work itself failed is the last word.
func (j *job) mayHaveMade(err error) bool {
	return j.action == planner.Create && !j.req.Settling && !isKind(err, providers.Failed)
}

// encodeOperation is the form of a handle in the journal and in the core; the
// zero one is "".
func encodeOperation(op providers.Operation) (string, error) {
	if op.Stage == "" && op.ID == "" && op.ObjectID == "" && len(op.Note) == 0 {
		return "", nil
	}
	text, err := json.Marshal(op)
	if err != nil {
		return "", fmt.Errorf("encode operation: %w", err)
	}
	return string(text), nil
}

// sealedOf is what is secret of a handle, as it is recorded beside it.
func sealedOf(op providers.Operation) state.Document {
	if len(op.Secret) == 0 {
		return state.Document{}
	}
	parts := make(map[string]any, len(op.Secret))
	for name, text := range op.Secret {
		parts[name] = text
	}
	return document(intrinsic.Of(parts).MarkSensitive())
}

// withSealed gives a recorded handle what is secret of it.
func withSealed(op providers.Operation, recorded state.Document) providers.Operation {
	parts, _ := recorded.Value.(map[string]any)
	op.Secret = nil
	if len(parts) > 0 {
		op.Secret = make(map[string]string, len(parts))
	}
	for name, v := range parts {
		op.Secret[name] = providers.Text(v)
	}
	return op
}

// unmadeBecause says in the journal what became of the request of an unmade job.
func (j *job) unmadeBecause() string {
	if j.action == planner.Create {
		return "its request was never sent or came to nothing"
	}
	return "what came of its request shows in the next plan"
}

// requestFor fills in the request of a job whose properties are known.
func (j *job) requestFor(stack string) *providers.Request {
	req := &providers.Request{
		Action: providers.Action(j.action), Type: j.typ, Stack: stack, Node: j.node,
		Properties: plainMap(j.properties),
	}
	if j.action == planner.Create {
		return req
	}
	req.Prior, req.Attributes = plainMap(j.recordedProperties()), plainMap(j.recordedAttributes())
	req.ObjectID = j.objectID()
	return req
}

// recordedProperties are those that the cloud had before: what a refresh saw
// if there was one, else what is on record.
func (j *job) recordedProperties() intrinsic.Value {
	switch {
	case j.step != nil && !j.step.Before.IsNull():
		return j.step.Before
	case j.prior != nil:
		return value(j.prior.Properties)
	}
	return intrinsic.Value{}
}

func (j *job) recordedAttributes() intrinsic.Value {
	switch {
	case j.step != nil && !j.step.Attributes.IsNull():
		return j.step.Attributes
	case j.prior != nil:
		return value(j.prior.Attributes)
	}
	return intrinsic.Value{}
}

func (j *job) objectID() string {
	switch {
	case j.object != nil && j.object.ID != "":
		return j.object.ID
	case j.op.ObjectID != "":
		return j.op.ObjectID
	case j.action == planner.Create:
		return ""
	case j.step != nil && j.step.ObjectID != "":
		return j.step.ObjectID
	case j.prior != nil:
		return j.prior.ObjectID
	}
	return ""
}

func plainMap(v intrinsic.Value) map[string]any {
	m, _ := v.Plain().(map[string]any)
	if m == nil {
		return map[string]any{}
	}
	return m
}

// element is what is on record after the job was done.
func (j *job) element(now time.Time) *state.Element {
	e := &state.Element{
		Node: j.node, Type: j.typ, ObjectID: j.objectID(), Phase: j.verb().succeeded(),
		Properties: document(j.reached()), Attributes: document(j.attributes()),
		DependsOn: j.dependsOn, Retain: j.retain, Revision: j.revision, Created: now, Updated: now,
	}
	if j.action == planner.Update && j.prior != nil {
		e.Created = j.prior.Created
	}
	return e
}

// reached are the properties that the object has after the job. Work that was only
// followed may have come less far than was wanted: what can be read tells.
func (j *job) reached() intrinsic.Value {
	if j.req == nil || !j.req.Settling || j.object == nil {
		return j.properties
	}
	read := observedProperties(j.object.Properties, nil, j.properties.SensitivePaths(), j.properties)
	return planner.Overlay(j.properties, taint(read, secretsOf(j.recordedProperties())))
}

func (j *job) attributes() intrinsic.Value {
	if j.object == nil || j.object.Attributes == nil {
		return j.recordedAttributes()
	}
	return attributes(j.object.Attributes, j.hidden, j.properties)
}

// remains is what is on record after the job failed: the object that a create
// left behind, or what was there before, in a failed phase; nil if there is
// nothing to write.
func (j *job) remains(left *providers.Object, now time.Time) *state.Element {
	switch {
	case j.action == planner.Create && left == nil:
		return nil
	case j.action == planner.Create:
		return &state.Element{
			Node: j.node, Type: j.typ, ObjectID: left.ID, Phase: j.verb().failed(), Properties: document(j.properties),
			Attributes: document(attributes(left.Attributes, j.hidden, j.properties)),
			DependsOn:  j.dependsOn, Retain: j.retain, Revision: j.revision, Created: now, Updated: now,
		}
	case j.prior == nil || !j.touched:
		return nil
	}
	e := *j.unsure()
	if e.Updated = now; e.Phase != creating.failed() { // what never worked does not work for that
		e.Phase = j.verb().failed()
	}
	return &e
}

// unsure is the element as it was, after an update of which nobody knows what it
// has done. What is neither on record nor wanted is not compared, so what the
// update may have given to the object is on record from now on, as null.
func (j *job) unsure() *state.Element {
	e := *j.prior
	if j.action == planner.Update {
		e.Properties = document(perhaps(value(e.Properties), j.properties))
	}
	return &e
}

// perhaps adds to recorded properties, as null, what only a request has, and has
// those be secret that it gives a secret to: what is read of them may be it.
func perhaps(recorded, sent intrinsic.Value) intrinsic.Value {
	before, isMap := recorded.Map()
	if _, sentMap := sent.Map(); !isMap || !sentMap || recorded.IsSensitive() {
		return recorded
	}
	out, more := maps.Clone(before), false
	for _, key := range sent.Keys() {
		v, _ := sent.Get(key)
		was, known := before[key]
		out[key] = perhaps(was, v)
		_, wasMap := was.Map()
		_, isMap := v.Map()
		exposed := v.HasSensitive() && !(wasMap && isMap) && !was.IsSensitive()
		if exposed {
			out[key] = out[key].MarkSensitive()
		}
		more = more || !known || exposed || !out[key].Equal(was)
	}
	if !more {
		return recorded
	}
	return intrinsic.Of(out)
}

// before is the element as it was found: as recorded, with what a refresh read.
// nil: there was none, or an earlier phase of the step has recorded it.
func (j *job) before() *state.Element {
	if j.prior == nil || j.action == planner.Create && j.step != nil && j.step.Action == planner.Replace {
		return nil
	}
	e := *j.prior
	e.Properties, e.Attributes = document(j.recordedProperties()), document(j.recordedAttributes())
	return &e
}

// record is the journal record for what the core wants recorded. The element
// of a result or failure is added by the driver.
func (j *job) record(execution string, r sched.Record, now time.Time) state.Record {
	out := state.Record{
		Execution: execution, Node: j.node, Type: j.typ, Action: string(j.action), Attempt: j.attempt,
		Kind: kinds[r.Kind], Phase: j.verb().running, Operation: []byte(r.Handle), ObjectID: j.objectID(), At: now,
	}
	switch r.Kind {
	case sched.Intent:
		out.DependsOn, out.SensitiveAttributes, out.Retain = j.dependsOn, j.hidden, j.retain
		out.Before = j.before()
		if j.action != planner.Delete {
			out.Request = document(j.properties)
		}
	case sched.Operation:
		out.Request = sealedOf(j.op)
	case sched.Result, sched.Forget:
		out.Phase = j.verb().succeeded()
		if !j.touched {
			out.Before = j.before()
		}
		if r.Kind == sched.Forget {
			out.Error = errorText(j.failure(r.Why))
		}
	case sched.Fail:
		if out.Phase, out.Error = j.verb().failed(), errorText(j.failure(r.Why)); j.refused() {
			out.Phase = j.verb().paused()
		}
	case sched.Halt:
		out.Phase, out.Error = j.verb().failed(), errorText(j.failure(r.Why))
		switch {
		case r.Interrupted:
			out.Phase, out.Error = j.verb().paused(), ""
		case j.refused():
			out.Phase = j.verb().paused()
		}
	case sched.Skip:
		out.Phase, out.Error = phasePending, skipReason(r)
	}
	return out
}

var kinds = map[sched.Kind]state.RecordKind{
	sched.Intent: state.Intent, sched.Operation: state.Operation, sched.Result: state.Result,
	sched.Forget: state.Result, sched.Fail: state.Failure, sched.Halt: state.Halted, sched.Skip: state.Skipped,
}

func skipReason(r sched.Record) string {
	if r.Interrupted {
		return "the execution was interrupted before this step began"
	}
	return r.Why
}

// refused reports whether the job can't go on with these credentials: with
// others it can.
func (j *job) refused() bool { return isKind(j.err, providers.Auth) }

// failure is why the job ended without success.
func (j *job) failure(why string) error {
	switch {
	case why == "":
		return j.err
	case j.err == nil:
		return errors.New(why)
	}
	return fmt.Errorf("%s: %w", why, j.err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// serialKey identifies the cloud object on which a job must be alone; "" if it
// need not be.
func serialKey(typ *dsl.NodeType, req *providers.Request) string {
	switch {
	case typ == nil || typ.Serial == "":
		return ""
	case typ.Serial == "refID":
		return req.ObjectID
	}
	return req.String(typ.Serial)
}

// defaultLimit bounds an action whose node type sets no time-out.
const defaultLimit = time.Hour

// limit is the time-out of an action.
func limit(typ *dsl.NodeType, a planner.Action) time.Duration {
	if typ == nil {
		return defaultLimit
	}
	text := map[planner.Action]string{
		planner.Create: typ.Timeouts.Create, planner.Update: typ.Timeouts.Update, planner.Delete: typ.Timeouts.Delete,
	}[a]
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d
	}
	return defaultLimit
}
