package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
)

// eventFormat is the version of the event stream: OpenTofu's 1.2 with types
// and fields of our own beside.
const eventFormat = "1.2"

// eventStream writes an execution as JSON, one object a line, in the shape of
// OpenTofu's machine-readable UI. schemas/event.schema.json describes it.
type eventStream struct {
	w     io.Writer
	now   func() time.Time
	plain *plainView // keeps the running steps, for apply_progress
}

func newEventStream(w io.Writer, now func() time.Time) *eventStream {
	return &eventStream{w: w, now: now, plain: newPlainView(io.Discard)}
}

// object is a JSON object; encoding/json writes its keys sorted.
type object = map[string]any

// emit writes one line. fields are added to those that every line has.
func (s *eventStream) emit(level, kind, message string, at time.Time, fields object) {
	line := object{
		"@level": level, "@message": message, "@module": "orchestrate.ui",
		"@timestamp": at.UTC().Format("2006-01-02T15:04:05.000000Z"), "type": kind,
	}
	for k, v := range fields {
		line[k] = v
	}
	b, err := json.Marshal(line)
	if err != nil { // only values of our own and plain JSON data get here
		b, _ = json.Marshal(object{"@level": "error", "@message": err.Error(), "@module": "orchestrate.ui", "@timestamp": line["@timestamp"], "type": "log"})
	}
	s.w.Write(append(b, '\n'))
}

func (s *eventStream) version(version string) {
	s.emit("info", "version", "orchestrate "+version, s.now(), object{"orchestrate": version, "ui": eventFormat})
}

// resource names an element as OpenTofu names a resource.
func resource(node, typ string) object {
	return object{"addr": node, "module": "", "resource": node, "implied_provider": "orchestrate",
		"resource_type": typeLabel(typ), "resource_name": node, "resource_key": nil}
}

// plan tells what will be done: drift, each planned change, the summary and
// the outputs.
func (s *eventStream) plan(p *planner.Plan) {
	now := s.now()
	for _, d := range p.Drift {
		action := planner.Update
		if d.Gone {
			action = planner.Delete
		}
		s.emit("info", "resource_drift", d.Node+": Drift detected ("+string(action)+")", now,
			object{"change": object{"resource": resource(d.Node, d.Type), "action": string(action)}})
	}
	for _, st := range shownSteps(p) {
		change := plannedChange(st)
		if prices := p.DocumentPrices(st.Node); prices != nil {
			change["prices"] = prices
		}
		s.emit("info", "planned_change", fmt.Sprintf("%s: Plan to %s", st.Node, change["action"]), now, object{"change": change})
	}
	s.summary(p.Summary(), "plan", summaryLine(p))
	if pay := p.DocumentToPay(); pay != nil {
		s.emit("info", "to_pay", "To pay: "+toPay(p)+".", now, object{"to_pay": pay})
	}
	if len(p.Outputs) > 0 {
		s.emit("info", "outputs", outputsCount(len(p.Outputs)), now, object{"outputs": plannedOutputs(p.Outputs)})
	}
}

// plannedChange is what becomes of a node, in OpenTofu's words.
func plannedChange(s *planner.Step) object {
	change := object{"resource": resource(s.Node, s.Type), "action": string(shownAction(s))}
	if s.RenamedFrom != "" {
		change["previous_resource"] = resource(s.RenamedFrom, s.Type)
		if s.Action == planner.None {
			change["action"] = "move"
		}
	}
	switch s.ActionReason() {
	case "replace_by_request":
		change["reason"] = "requested"
	case "replace_because_cannot_update":
		change["reason"] = "cannot_update"
	case "delete_because_no_resource_config":
		change["reason"] = "delete_because_no_resource_config"
	}
	if s.Reason != "" {
		change["explanation"] = s.Reason
	}
	if !s.Range.IsZero() {
		change["range"] = s.Range
	}
	return change
}

func (s *eventStream) summary(n planner.Summary, operation, message string) {
	s.emit("info", "change_summary", message, s.now(), object{"changes": object{
		"add": n.Add, "change": n.Change, "import": 0, "remove": n.Destroy, "forget": n.Forget, "move": n.Move, "operation": operation}})
}

// rollback tells where an execution that undoes another one stands.
func (s *eventStream) rollback(kind, level, message string, x *state.Execution, revision int64) {
	s.emit(level, kind, message, s.now(), object{"rollback": object{"execution": x.ID, "revision": revision}})
}

// log says a text that no other event holds.
func (s *eventStream) log(message string) {
	s.emit("info", "log", message, s.now(), object{})
}

func plannedOutputs(all []*planner.OutputChange) object {
	out := object{}
	for _, o := range all {
		action := string(o.Action)
		if o.Action == planner.None {
			action = "noop"
		}
		out[o.Name] = object{"sensitive": o.Before.HasSensitive() || o.After.HasSensitive(), "action": action}
	}
	return out
}

// outputs tells the final outputs; sensitive ones have no value.
func (s *eventStream) outputs(all map[string]state.Document) {
	if len(all) == 0 {
		return
	}
	s.emit("info", "outputs", outputsCount(len(all)), s.now(), object{"outputs": outputDocument(all)})
}

func (s *eventStream) diagnostics(list diag.List) {
	for _, d := range list {
		level := "error"
		message := "Error: " + d.Summary
		if d.Severity == diag.Warning {
			level, message = "warn", "Warning: "+d.Summary
		}
		s.emit(level, "diagnostic", message, s.now(), object{"diagnostic": diagnosticObject(d)})
	}
}

func diagnosticObject(d diag.Diagnostic) object {
	out := object{"severity": string(d.Severity), "summary": d.Summary, "detail": d.Detail}
	if d.Code != "" {
		out["code"] = string(d.Code)
	}
	if !d.Subject.IsZero() {
		out["range"] = d.Subject
	}
	if len(d.Related) > 0 {
		out["related"] = d.Related
	}
	return out
}

func (s *eventStream) event(e executor.Event) {
	if e.Kind == executor.StopAsked {
		s.emit("warn", string(e.Kind), eventLine(e), e.At, object{})
		return
	}
	s.plain.track(e)
	hook := object{"resource": resource(e.Node, e.Type), "action": string(e.Action)}
	level := "info"
	switch e.Kind {
	case executor.StepStart, executor.StepAdopted, executor.StepStopped, executor.StepForgotten, executor.StepMoved:
		addID(hook, e)
	case executor.StepProgress:
		hook["substeps"] = e.Substeps
		if e.Substeps == nil {
			hook["substeps"] = []any{}
		}
		if t := e.Transfer; t != nil {
			hook["transfer"] = object{"sent": t.Sent, "size": t.Size, "share": math.Round(share(t)*1000) / 1000}
		}
		addElapsed(hook, e.Elapsed)
	case executor.StepComplete:
		addID(hook, e)
		addElapsed(hook, e.Elapsed)
	case executor.StepPaused:
		level = "warn"
		addID(hook, e)
	case executor.StepErrored:
		level = "error"
		addElapsed(hook, e.Elapsed)
	case executor.StepWaiting:
		hook["obstacle"], hook["waits_for"] = e.Obstacle, list(e.WaitsFor)
	case executor.StepRetry:
		level = "warn"
		hook["attempt"], hook["wait_seconds"] = e.Attempt, e.Wait.Seconds()
	}
	if e.Message != "" {
		hook["message"] = e.Message
	}
	if e.Operation != "" {
		hook["operation"] = e.Operation
	}
	if e.Err != nil {
		hook["error"] = e.Err.Error()
	}
	message := eventLine(e)
	if message == "" {
		message = e.Node + ": " + wordingOf(e.Action).doing + "..."
	}
	s.emit(level, string(e.Kind), message, e.At, object{"hook": hook})
}

func addID(hook object, e executor.Event) {
	if e.ObjectID != "" {
		hook["id_key"], hook["id_value"] = "refID", e.ObjectID
	}
}

func addElapsed(hook object, d time.Duration) {
	hook["elapsed_seconds"] = int(d.Seconds())
}

// tick writes apply_progress for steps that have said nothing for a while.
func (s *eventStream) tick(now time.Time) {
	for _, node := range s.plain.order {
		step := s.plain.running[node]
		if now.Sub(step.said) < stillEvery {
			continue
		}
		step.said = now
		elapsed := now.Sub(step.start)
		hook := object{"resource": resource(node, step.last.Type), "action": string(step.last.Action)}
		addElapsed(hook, elapsed)
		s.emit("info", "apply_progress", stillLine(step.last, elapsed), now, object{"hook": hook})
	}
}

func (s *eventStream) close() {}

// outputDocument is the JSON of outputs, in the shape of OpenTofu's
// `output -json`; the value of a sensitive one is left out.
func outputDocument(all map[string]state.Document) object {
	out := object{}
	for name, d := range all {
		v := intrinsic.OfMarked(d.Value, d.Sensitive)
		entry := object{"sensitive": v.HasSensitive(), "type": typeOf(v)}
		if !v.HasSensitive() {
			entry["value"] = d.Value
		}
		out[name] = entry
	}
	return out
}

// typeOf describes a value as OpenTofu's JSON does: a name, or ["object", ...]
// and ["tuple", ...] with the types of the parts.
func typeOf(v intrinsic.Value) any {
	if items, ok := v.List(); ok {
		types := make([]any, len(items))
		for i := range items {
			types[i] = typeOf(items[i])
		}
		return []any{"tuple", types}
	}
	if entries, ok := v.Map(); ok {
		types := object{}
		for k, e := range entries {
			types[k] = typeOf(e)
		}
		return []any{"object", types}
	}
	switch s, _ := v.Scalar(); s.(type) {
	case bool:
		return "bool"
	case int64, float64:
		return "number"
	case string:
		return "string"
	}
	return "dynamic"
}
