package planner

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// FormatVersion is the version of the plan document's shape.
const FormatVersion = "1.4"

// Document is a plan as JSON, in the shape of OpenTofu's plan representation,
// so that policy tools written for that read it; what it lacks is added beside
// (reason, changes with their causes, undo, point_of_no_return, data_loss,
// deleted_with, prices, to_pay). Sensitive values are null and marked in the *_sensitive trees;
// unknown ones are absent and marked in after_unknown.
type Document struct {
	FormatVersion   string                    `json:"format_version"`
	Version         string                    `json:"orchestrate_version,omitempty"`
	Stack           string                    `json:"stack"`
	Lifecycle       string                    `json:"lifecycle"`
	Variables       map[string]Variable       `json:"variables,omitempty"`
	RefreshOnly     bool                      `json:"refresh_only,omitempty"`
	PlannedValues   PlannedValues             `json:"planned_values"`
	PriorState      *PriorState               `json:"prior_state,omitempty"`
	ResourceDrift   []ResourceChange          `json:"resource_drift,omitempty"`
	ResourceChanges []ResourceChange          `json:"resource_changes"`
	OutputChanges   map[string]DocumentChange `json:"output_changes"`
	Summary         DocumentSummary           `json:"summary"`
	NoReturn        *DocumentNoReturn         `json:"point_of_no_return,omitempty"`
	ToPay           *DocumentToPay            `json:"to_pay,omitempty"` // absent: it buys nothing, or nobody has asked
	Applyable       bool                      `json:"applyable"`
	Complete        bool                      `json:"complete"`          // false: planned for some nodes only
	Skipped         []string                  `json:"skipped,omitempty"` // left out of a rollback
	Errored         bool                      `json:"errored"`
	Diagnostics     []DocumentDiagnostic      `json:"diagnostics,omitempty"`
}

// Variable is the value of an input; null when it is sensitive.
type Variable struct {
	Value     any  `json:"value"`
	Sensitive bool `json:"sensitive,omitempty"`
}

// PlannedValues is the state that the plan leads to.
type PlannedValues struct {
	Outputs    map[string]Variable `json:"outputs,omitempty"`
	RootModule PlannedModule       `json:"root_module"`
}

// PriorState is the state that the plan starts from: what is recorded, with
// what a refresh read.
type PriorState struct {
	FormatVersion string        `json:"format_version"`
	Values        PlannedValues `json:"values"`
}

// PlannedModule lists the elements that exist before or after.
type PlannedModule struct {
	Resources []PlannedResource `json:"resources,omitempty"`
}

// PlannedResource is one element as it was or will be.
type PlannedResource struct {
	Address         string `json:"address"`
	Mode            string `json:"mode"`
	Type            string `json:"type"`
	Name            string `json:"name"`
	ProviderName    string `json:"provider_name"`
	Values          any    `json:"values"`
	SensitiveValues any    `json:"sensitive_values"`
}

// ResourceChange is one step.
type ResourceChange struct {
	Address         string          `json:"address"`
	PreviousAddress string          `json:"previous_address,omitempty"`
	Mode            string          `json:"mode"`
	Type            string          `json:"type"`
	Name            string          `json:"name"`
	ProviderName    string          `json:"provider_name"`
	Change          DocumentChange  `json:"change"`
	ActionReason    string          `json:"action_reason,omitempty"`
	Reason          string          `json:"reason,omitempty"`
	Changes         []LeafChange    `json:"changes,omitempty"`
	DependsOn       []string        `json:"depends_on,omitempty"`
	Undo            Undo            `json:"undo,omitempty"`
	UndoReason      string          `json:"undo_reason,omitempty"`
	DataLoss        string          `json:"data_loss,omitempty"`
	DeletedWith     string          `json:"deleted_with,omitempty"`
	Forgotten       string          `json:"forgotten,omitempty"`
	Leaves          string          `json:"leaves,omitempty"`
	Destroys        string          `json:"destroys,omitempty"`
	Gone            bool            `json:"gone,omitempty"`
	Kept            bool            `json:"kept,omitempty"` // the plan is not for it
	Retain          bool            `json:"retain,omitempty"`
	Prices          []DocumentPrice `json:"prices,omitempty"`
	Range           *diag.Range     `json:"range,omitempty"`
}

// DocumentChange is before and after of an element or output.
type DocumentChange struct {
	Actions         []string `json:"actions"`
	Before          any      `json:"before"`
	After           any      `json:"after"`
	AfterUnknown    any      `json:"after_unknown"`
	BeforeSensitive any      `json:"before_sensitive"`
	AfterSensitive  any      `json:"after_sensitive"`
	ReplacePaths    [][]any  `json:"replace_paths,omitempty"`
}

// LeafChange is one property that differs, and where it is declared.
type LeafChange struct {
	Path            string          `json:"path"`
	Before          any             `json:"before"`
	After           any             `json:"after"`
	AfterUnknown    bool            `json:"after_unknown,omitempty"`
	BeforeSensitive bool            `json:"before_sensitive,omitempty"`
	AfterSensitive  bool            `json:"after_sensitive,omitempty"`
	Replaces        bool            `json:"forces_replacement,omitempty"`
	Recorded        string          `json:"only_recorded,omitempty"` // why nothing is called for it
	Range           *diag.Range     `json:"range,omitempty"`
	Causes          []DocumentCause `json:"causes,omitempty"` // nearest first
	Within          []LeafChange    `json:"within,omitempty"` // inside a text that is YAML or JSON
}

// DocumentCause is one link of the chain that led to a change.
type DocumentCause struct {
	Kind  CauseKind   `json:"kind"`
	Name  string      `json:"name,omitempty"`
	Why   string      `json:"why"`
	Range *diag.Range `json:"range,omitempty"`
}

// DocumentNoReturn is the point of no return.
type DocumentNoReturn struct {
	Address string `json:"address"`
	Phase   string `json:"phase"` // delete or apply
	Reason  string `json:"reason"`
	After   int    `json:"after"` // number of acting steps that come before
}

// DocumentSummary counts what the plan does.
type DocumentSummary struct {
	Add    int `json:"add"`
	Change int `json:"change"`
	Remove int `json:"remove"`
	Forget int `json:"forget"`
	Move   int `json:"move"`
}

// DocumentDiagnostic is a problem of the plan; an error keeps it from running.
type DocumentDiagnostic struct {
	Severity diag.Severity `json:"severity"`
	Code     diag.Code     `json:"code"`
	Summary  string        `json:"summary"`
	Detail   string        `json:"detail"`
	Range    *diag.Range   `json:"range,omitempty"`
}

// Document renders the plan. diags are those that Make returned with it;
// version is the program's.
func (p *Plan) Document(version string, diags diag.List) *Document {
	d := &Document{
		FormatVersion:   FormatVersion,
		Version:         version,
		Stack:           p.Stack,
		Lifecycle:       p.Lifecycle,
		RefreshOnly:     p.RefreshOnly,
		ResourceChanges: make([]ResourceChange, 0, len(p.Steps)),
		OutputChanges:   map[string]DocumentChange{},
		Summary:         p.Summary().document(),
		NoReturn:        p.NoReturn.document(),
		ToPay:           p.DocumentToPay(),
		Errored:         diags.HasErrors(),
		Complete:        !p.Targeted && p.Skipped == nil,
		Skipped:         p.Skipped,
	}
	d.Applyable = !d.Errored && !p.Empty()
	p.documentInputs(d)
	for _, s := range p.Steps {
		change := s.document()
		change.Prices = p.DocumentPrices(s.Node)
		d.ResourceChanges = append(d.ResourceChanges, change)
	}
	for _, dr := range p.Drift {
		d.ResourceDrift = append(d.ResourceDrift, dr.document())
	}
	for _, o := range p.Outputs {
		d.OutputChanges[o.Name] = documentChange(actions(o.Action), o.Before, o.After)
	}
	p.documentStates(d)
	d.Diagnostics = documentDiagnostics(diags)
	return d
}

func documentDiagnostics(diags diag.List) []DocumentDiagnostic {
	var out []DocumentDiagnostic
	for _, x := range diags {
		out = append(out, DocumentDiagnostic{Severity: x.Severity, Code: x.Code, Summary: x.Summary, Detail: x.Detail, Range: rangeOf(x.Subject)})
	}
	return out
}

// documentStates writes what exists before and after.
func (p *Plan) documentStates(d *Document) {
	before, after := &PlannedValues{}, &d.PlannedValues
	for _, s := range p.Steps {
		if s.Action != Create {
			before.add(s.resource(s.Before))
		}
		if s.applies() {
			after.add(s.resource(s.After))
		}
	}
	for _, o := range p.Outputs {
		if o.Action != Create {
			before.output(o.Name, o.Before)
		}
		if o.Action != Delete {
			after.output(o.Name, o.After)
		}
	}
	if before.RootModule.Resources != nil || before.Outputs != nil {
		d.PriorState = &PriorState{FormatVersion: FormatVersion, Values: *before}
	}
}

func (v *PlannedValues) add(r PlannedResource) {
	v.RootModule.Resources = append(v.RootModule.Resources, r)
}

func (v *PlannedValues) output(name string, value intrinsic.Value) {
	if v.Outputs == nil {
		v.Outputs = map[string]Variable{}
	}
	v.Outputs[name] = Variable{Value: shown(value), Sensitive: value.HasSensitive()}
}

func (s Summary) document() DocumentSummary {
	return DocumentSummary{Add: s.Add, Change: s.Change, Remove: s.Destroy, Forget: s.Forget, Move: s.Move}
}

func (n *NoReturn) document() *DocumentNoReturn {
	if n == nil {
		return nil
	}
	return &DocumentNoReturn{Address: n.Node, Phase: phaseText(n.Delete), Reason: n.Why, After: n.Before}
}

// documentInputs writes the declared inputs; the pseudo inputs are settings,
// not variables.
func (p *Plan) documentInputs(d *Document) {
	if p.Blueprint == nil {
		return
	}
	d.Variables = make(map[string]Variable, len(p.Blueprint.Inputs))
	for _, i := range p.Blueprint.Inputs {
		v := p.Inputs[i.Name.Text]
		d.Variables[i.Name.Text] = Variable{Value: shown(v), Sensitive: v.HasSensitive()}
	}
}

const providerName = "registry.orchestrate/huaweicloud/"

// provider names the service that serves a type, in the form of a provider
// address.
func provider(typ string) string {
	service, _, _ := strings.Cut(typ, ".")
	return providerName + strings.ToLower(service)
}

func (s *Step) document() ResourceChange {
	r := ResourceChange{
		Address: s.Node, PreviousAddress: s.RenamedFrom, Mode: "managed", Type: dsl.TypeLabel(s.Type), Name: s.Node, ProviderName: provider(s.Type),
		Change:      documentChange(s.actions(), s.Before, s.After),
		Reason:      s.Reason,
		DependsOn:   s.DependsOn,
		Undo:        s.Undo,
		UndoReason:  s.UndoWhy,
		DeletedWith: s.DeletedWith,
		Gone:        s.Gone,
		Kept:        s.Kept,
		Retain:      s.Retain,
		Range:       rangeOf(s.Range),
	}
	r.DataLoss = s.Loss()
	if s.deletes() && !s.Retained {
		r.Forgotten = s.Forgotten
		r.Leaves, r.Destroys = s.leaving()
	}
	for _, c := range s.Changes {
		r.Changes = append(r.Changes, c.document())
		if c.Replaces {
			r.Change.ReplacePaths = append(r.Change.ReplacePaths, pathParts(c.Path))
		}
	}
	r.ActionReason = s.ActionReason()
	return r
}

// leaving is what stays of what the step itself destroys, and what goes with it.
func (s *Step) leaving() (leaves, destroys string) {
	switch {
	case s.Gone:
		return "", ""
	case s.DeletedWith != "":
		return s.LeavesAlong, ""
	case s.Forgotten != "":
		return "", ""
	}
	return s.Leaves, s.Destroys
}

// ActionReason is why a step does what it does, in OpenTofu's vocabulary; "" if
// that has no word for it.
func (s *Step) ActionReason() string {
	switch {
	case s.Action == Replace && s.Reason == replaceAsked:
		return "replace_by_request"
	case s.Action == Replace:
		return "replace_because_cannot_update"
	case s.Action == Delete:
		return "delete_because_no_resource_config"
	}
	return ""
}

// actions are those of a step, in OpenTofu's words.
func (s *Step) actions() []string {
	out := actions(s.Action)
	if s.Retained && s.deletes() {
		out = append([]string{"forget"}, out[1:]...)
	}
	return out
}

// resource is the element with its properties before or after.
func (s *Step) resource(v intrinsic.Value) PlannedResource {
	return PlannedResource{
		Address: s.Node, Mode: "managed", Type: dsl.TypeLabel(s.Type), Name: s.Node, ProviderName: provider(s.Type),
		Values: shown(v), SensitiveValues: marks(v, intrinsic.Value.IsSensitive),
	}
}

func (c *Change) document() LeafChange {
	out := LeafChange{
		Path: c.Path, Before: shown(c.Before), After: shown(c.After), AfterUnknown: c.After.IsUnknown(),
		BeforeSensitive: c.Before.HasSensitive(), AfterSensitive: c.After.HasSensitive(),
		Replaces: c.Replaces, Recorded: c.Recorded, Range: rangeOf(c.Range),
	}
	for _, cause := range c.Causes {
		out.Causes = append(out.Causes, DocumentCause{Kind: cause.Kind, Name: cause.Name, Why: cause.Why, Range: rangeOf(cause.At)})
	}
	for i := range c.Within {
		out.Within = append(out.Within, c.Within[i].document())
	}
	return out
}

func (d *Drift) document() ResourceChange {
	r := ResourceChange{Address: d.Node, Mode: "managed", Type: dsl.TypeLabel(d.Type), Name: d.Node, ProviderName: provider(d.Type)}
	action := Update
	if d.Gone {
		action = Delete
	}
	r.Change = documentChange(actions(action), d.Before, d.After)
	for i := range d.Changes {
		r.Changes = append(r.Changes, d.Changes[i].document())
	}
	return r
}

func actions(a Action) []string {
	switch a {
	case None:
		return []string{"no-op"}
	case Replace:
		return []string{"delete", "create"}
	}
	return []string{string(a)}
}

func documentChange(actions []string, before, after intrinsic.Value) DocumentChange {
	return DocumentChange{
		Actions: actions, Before: shown(before), After: shown(after),
		AfterUnknown:    marks(after, intrinsic.Value.IsUnknown),
		BeforeSensitive: marks(before, intrinsic.Value.IsSensitive),
		AfterSensitive:  marks(after, intrinsic.Value.IsSensitive),
	}
}

// shown is the value for readers: sensitive parts are nil, unknown entries of
// maps are left out.
func shown(v intrinsic.Value) any {
	if v.IsSensitive() || v.IsUnknown() {
		return nil
	}
	if m, ok := v.Map(); ok {
		out := make(map[string]any, len(m))
		for k, e := range m {
			if !e.IsUnknown() {
				out[k] = shown(e)
			}
		}
		return out
	}
	if l, ok := v.List(); ok {
		out := make([]any, len(l))
		for i, e := range l {
			out[i] = shown(e)
		}
		return out
	}
	return v.Plain()
}

// marks is the tree of places where has holds: true for a whole value, a map or
// list of those below, false where there is none.
func marks(v intrinsic.Value, has func(intrinsic.Value) bool) any {
	if has(v) {
		return true
	}
	if m, ok := v.Map(); ok {
		out := map[string]any{}
		for k, e := range m {
			if t := marks(e, has); t != false {
				out[k] = t
			}
		}
		return out
	}
	if l, ok := v.List(); ok {
		out := make([]any, len(l))
		for i, e := range l {
			out[i] = marks(e, has)
		}
		return out
	}
	return false
}

func rangeOf(r diag.Range) *diag.Range {
	if r.IsZero() {
		return nil
	}
	return &r
}
