package main

import (
	"encoding/json"
	"sort"

	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// showFormat is the version of the JSON that the looking commands print; see
// schemas/show.schema.json.
const showFormat = "1.0"

func stackObject(st *state.Stack) object {
	return object{"name": st.Name, "phase": st.Phase, "status": stackStatus(st), "serial": st.Serial, "created": timeJSON(st.Created), "updated": timeJSON(st.Updated)}
}

// documentObject is a document for readers: secrets are null, and their JSON
// pointers stand beside.
func documentObject(d state.Document) object {
	v := intrinsic.OfMarked(d.Value, d.Sensitive)
	sensitive := v.SensitivePaths()
	if sensitive == nil {
		sensitive = []string{}
	}
	return object{"values": withoutSecrets(v), "sensitive": sensitive}
}

// withoutSecrets is plain data with null in place of each sensitive part.
func withoutSecrets(v intrinsic.Value) any {
	if v.IsSensitive() {
		return nil
	}
	if items, ok := v.List(); ok {
		out := make([]any, len(items))
		for i := range items {
			out[i] = withoutSecrets(items[i])
		}
		return out
	}
	if entries, ok := v.Map(); ok {
		out := make(object, len(entries))
		for k, e := range entries {
			out[k] = withoutSecrets(e)
		}
		return out
	}
	return v.Plain()
}

func elementObject(e *state.Element) object {
	return object{
		"node": e.Node, "type": typeLabel(e.Type), "id": e.ObjectID, "phase": e.Phase, "revision": e.Revision,
		"depends_on": list(e.DependsOn), "retain": e.Retain, "properties": documentObject(e.Properties), "attributes": documentObject(e.Attributes),
		"created": timeJSON(e.Created), "updated": timeJSON(e.Updated),
	}
}

// sortedElements are the elements of a stack by name.
func sortedElements(st *state.Stack) []*state.Element {
	out := make([]*state.Element, 0, len(st.Elements))
	for _, e := range st.Elements {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Node < out[j].Node })
	return out
}

func elementObjects(st *state.Stack) []object {
	out := []object{}
	for _, e := range sortedElements(st) {
		out = append(out, elementObject(e))
	}
	return out
}

// executionObject holds what AOS's records of executions hold (blueprint
// language, section 13.9), in our words.
func executionObject(e *state.Execution) object {
	out := object{
		"id": e.ID, "stack": e.Stack, "number": e.Number, "lifecycle": e.Lifecycle, "phase": e.Phase, "message": e.Message,
		"status": statusOf(e.Phase), "revision": nil, "owner": e.Owner, "started": timeJSON(e.Started), "ended": timeJSON(e.Ended),
		"terms": termsObject(e.Terms), "cancelled_by": nil, "source": sourceOf(e),
	}
	if e.Revision > 0 {
		out["revision"] = e.Revision
	}
	if e.CancelAsked != nil {
		out["cancelled_by"] = e.CancelAsked
	}
	return out
}

// sourceOf says who began an execution: what undoes a failed one begins by
// itself.
func sourceOf(e *state.Execution) string {
	if e.Terms.Undoes != "" && e.Terms.Retries == "" {
		return "system"
	}
	return "user"
}

func termsObject(t state.Terms) object {
	out := object{
		"on_failure": onFailureOf(t), "timeout_seconds": nil, "allow_data_loss": list(t.AllowDataLoss), "replace": list(t.Replace),
		"targets": list(t.Targets), "retain": list(t.Retain), "skip": list(t.Skip), "force": t.Force, "force_trim": t.ForceTrim,
		"to": t.To, "undoes": t.Undoes, "retries": t.Retries,
	}
	if t.Timeout > 0 {
		out["timeout_seconds"] = t.Timeout.Seconds()
	}
	return out
}

// list is a list for JSON, which has no other word for an empty one.
func list(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// revisionObject tells one line of the history of a stack.
func revisionObject(r revisionLine) object {
	out := object{
		"number": r.Number, "blueprint": r.File, "created": timeJSON(r.Created), "current": r.current,
		"execution": nil, "lifecycle": nil, "phase": nil,
	}
	if r.by != nil {
		out["execution"], out["lifecycle"], out["phase"] = r.by.ID, r.by.Lifecycle, r.by.Phase
	}
	return out
}

func stepObjects(x *state.Execution) []object {
	out, at := []object{}, standings(x)
	for i, s := range x.Steps {
		o := object{
			"node": s.Node, "type": typeLabel(s.Type), "action": s.Action, "phase": s.Phase, "attempts": s.Attempts,
			"id": s.ObjectID, "error": s.Error, "started": timeJSON(s.Started), "ended": timeJSON(s.Ended), "operation": operationID(s.Operation),
		}
		addStanding(o, at[i])
		if s.RenamedFrom != "" {
			o["renamed_from"] = s.RenamedFrom
		}
		out = append(out, o)
	}
	return out
}

// operationID is the cloud's own ID of a step's work, as far as it has one.
func operationID(handle []byte) string {
	var op struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(handle, &op) != nil {
		return ""
	}
	return op.ID
}
