package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// fileSteps digests the steps that act. What a reader is shown is what counts;
// places and wording do not.
func fileSteps(p *Plan) []FileStep {
	out := []FileStep{}
	for _, s := range p.Steps {
		if s.idle() {
			continue
		}
		out = append(out, FileStep{Node: s.Node, Action: s.Action, ObjectID: s.ObjectID, Digest: stepDigest(s.document(), s.ObjectID)})
	}
	if p.RefreshOnly {
		for _, d := range p.Drift {
			out = append(out, FileStep{Node: d.Node, Action: Read, Digest: stepDigest(d.document(), "")})
		}
	}
	return out
}

func stepDigest(doc ResourceChange, objectID string) string {
	doc.Range, doc.Reason, doc.ActionReason, doc.UndoReason = nil, "", "", ""
	for i := range doc.Changes {
		doc.Changes[i].Range, doc.Changes[i].Causes = nil, nil
	}
	digest, err := digestOf([]any{doc, objectID})
	if err != nil {
		return err.Error() // differs from every digest: the plan is refused as stale
	}
	return digest
}

// idle reports whether a step changes neither the cloud nor what is recorded.
func (s *Step) idle() bool {
	return !s.acts() && s.RenamedFrom == ""
}

// typesDigest digests what the catalogue says about the types of the plan,
// apart from what it only says to people.
func typesDigest(p *Plan) string {
	used := map[string]*dsl.NodeType{}
	for _, s := range p.Steps {
		if t := p.Catalogue[s.Type]; t != nil && used[s.Type] == nil {
			bare := *t
			bare.Description, bare.Example, bare.Calls = "", "", dsl.Calls{}
			bare.Properties = withoutWords(t.Properties)
			bare.Attributes = withoutWordsIn(t.Attributes)
			used[s.Type] = &bare
		}
	}
	digest, err := digestOf(used)
	if err != nil {
		return err.Error() // it fits no other catalogue
	}
	return digest
}

func withoutWords(p *dsl.Property) *dsl.Property {
	if p == nil {
		return nil
	}
	bare := *p
	bare.Description = ""
	bare.Properties = withoutWordsIn(p.Properties)
	bare.Items, bare.Additional = withoutWords(p.Items), withoutWords(p.Additional)
	return &bare
}

func withoutWordsIn(all map[string]*dsl.Property) map[string]*dsl.Property {
	out := make(map[string]*dsl.Property, len(all))
	for name, p := range all {
		out[name] = withoutWords(p)
	}
	return out
}

// Check compares a plan that was made again with the saved one and reports
// each step that moved, and how. sealer opens what is sealed in the file.
func (f *File) Check(name string, p *Plan, sealer Sealer) (diag.List, error) {
	c := staleness{file: f, at: diag.Range{File: name}, was: documents(f.Plan)}
	secrets, ok, err := f.openSecrets(sealer)
	if err != nil {
		return nil, err
	}
	if ok {
		c.secretsWere, c.secretsAre = secrets, secretsOf(p)
	}
	if f.Catalogue != typesDigest(p) {
		c.add("The plan was made by version %q of this program, whose catalogue says other things about the node types of the plan.", f.Version)
	}
	now := map[string]FileStep{}
	for _, s := range fileSteps(p) {
		now[s.Node] = s
	}
	steps := map[string]*Step{}
	for _, s := range p.Steps {
		steps[s.Node] = s
	}
	for _, was := range f.Steps {
		c.compare(was, now[was.Node], steps[was.Node])
		delete(now, was.Node)
	}
	for _, node := range slices.Sorted(maps.Keys(now)) {
		c.add("%q would now be %s, which the plan does not say.", node, fate(now[node].Action))
	}
	return c.diags, nil
}

// staleness gathers what moved since a plan file was written.
type staleness struct {
	file  *File
	at    diag.Range
	was   map[string]*ResourceChange // the saved plan by node
	diags diag.List
	// Both nil: secrets are not compared.
	secretsWere, secretsAre secretDigests
}

func (c *staleness) add(format string, args ...any) {
	c.diags.Add(CodeStale, c.at, format+" Make the plan again.", args...)
}

// compare judges one step of the file by the step of the same node as it would
// be now; it is zero, and s may be nil, if nothing would be done.
func (c *staleness) compare(was, now FileStep, s *Step) {
	var secrets []string
	if now.Node != "" {
		secrets = c.secretsWere.moved(c.secretsAre, was.Node)
	}
	if was == now && len(secrets) == 0 {
		return
	}
	moved := c.moved(was, s, secrets)
	switch {
	case now.Node == "":
		c.add("%q was to be %s; by now nothing is to be done%s.", was.Node, fate(was.Action), moved)
	case now.Action != was.Action:
		c.add("%q was to be %s; by now it would be %s%s.", was.Node, fate(was.Action), fate(now.Action), moved)
	default:
		if moved == "" {
			moved = ": something that is not shown, as an order of steps, is not as it was"
		}
		c.add("%q moved since the plan was made. It would still be %s, but from or to other values%s.", was.Node, fate(was.Action), moved)
	}
}

// moved says in which properties a step differs from the saved one, as the end
// of a sentence; "" if in none that has a name. Of secrets that is all it says.
func (c *staleness) moved(was FileStep, s *Step, secrets []string) string {
	var parts []string
	if saved := c.was[was.Node]; saved != nil && s != nil {
		if was.ObjectID != s.ObjectID {
			parts = append(parts, fmt.Sprintf("its object was %s and is %s", idText(was.ObjectID), idText(s.ObjectID)))
		}
		parts = append(parts, differences("is", intrinsic.Of(saved.Change.Before), intrinsic.Of(shown(s.Before)))...)
		parts = append(parts, differences("is to become", intrinsic.Of(saved.Change.After), intrinsic.Of(shown(s.After)))...)
	}
	parts = append(parts, secrets...)
	const most = 5
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, "; ")
}

// differences lists the leaves of a document that are not what they were.
// Secrets are null in documents, so that none can appear.
func differences(verb string, was, now intrinsic.Value) []string {
	var out []string
	for _, c := range diff(nil, nil, was, now) {
		out = append(out, fmt.Sprintf("%s %s %s, was %s", c.Path, verb, intrinsic.Show(c.After), intrinsic.Show(c.Before)))
	}
	return out
}

func idText(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

// documents are the resource changes of a saved plan by node.
func documents(d *Document) map[string]*ResourceChange {
	out := map[string]*ResourceChange{}
	if d == nil {
		return out
	}
	for i := range d.ResourceChanges {
		out[d.ResourceChanges[i].Address] = &d.ResourceChanges[i]
	}
	return out
}

// fate is what becomes of an element by an action.
func fate(a Action) string {
	switch a {
	case None:
		return "renamed" // the only thing that makes such a step act
	case Read:
		return "recorded as it was read"
	}
	return past(a)
}

// past is what was done to an element by an action.
func past(a Action) string {
	switch a {
	case Create:
		return "created"
	case Update:
		return "updated"
	case Replace:
		return "replaced"
	case Delete:
		return "destroyed"
	}
	return string(a)
}
