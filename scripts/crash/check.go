//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// evidence is what a story leaves behind, with what differs from one time to
// the next (IDs, addresses) taken out: a disturbed story has to leave the same
// as an undisturbed one.
type evidence struct {
	requests map[string]int // changing ones that the cloud has carried out
	objects  map[string]int // of the cloud
	elements map[string]int // of the stack
}

// element is what the stack has on record.
type element struct {
	Node       string `json:"node"`
	Type       string `json:"type"`
	ID         string `json:"id"`
	Phase      string `json:"phase"`
	Attributes struct {
		Values map[string]any `json:"values"`
	} `json:"attributes"`
}

// inspect gathers the evidence, and fails if it contradicts itself. gone says
// that there is to be no stack any more.
func inspect(p *program, c *cloud, gone bool) (*evidence, error) {
	changes, err := c.changes()
	if err != nil {
		return nil, err
	}
	objects, err := c.objects()
	if err != nil {
		return nil, err
	}
	objects = slices.DeleteFunc(objects, func(o object) bool { return isRecord(o.Kind) })
	elements, err := elementsOf(p, gone)
	if err != nil {
		return nil, err
	}
	e := &evidence{requests: map[string]int{}, objects: map[string]int{}, elements: map[string]int{}}
	for _, x := range changes {
		if x.Status >= 200 && x.Status < 300 && x.Operation != "ShowResourcePrice" { // a question, though it is posted
			e.requests[anonymous(strings.TrimSpace(x.Operation+" "+x.Path+" "+x.Body))]++
		}
	}
	for _, o := range objects {
		e.objects[strings.TrimSpace(o.Kind+" "+nameOf(o))]++
	}
	for _, x := range elements {
		e.elements[x.Node+" "+x.Type]++
	}
	e.forgiveCertificates()
	return e, match(objects, elements)
}

// isRecord tells kinds that are no objects but tell of work: they stay for good.
func isRecord(kind string) bool {
	return strings.HasSuffix(kind, ".operation") || strings.HasSuffix(kind, ".job") || kind == "bss.order" || strings.HasPrefix(kind, "emulator.")
}

// nameOf leaves out names that are addresses: those are given out in the order
// in which they are asked for.
func nameOf(o object) string {
	if o.Kind == "vpc.port" || o.Kind == "eip.publicip" {
		return ""
	}
	return anonymous(o.Name)
}

// ids are those of objects, and the numbers of orders and subscriptions.
var ids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,40}|CS[0-9]{10}[A-Z]{5}|[0-9]{5}-[0-9]{9}-0`)

func anonymous(text string) string { return ids.ReplaceAllString(text, "ID") }

// forgiveCertificates counts each certificate once. It comes with its key in the
// one answer, and nobody can ask for it again: where that answer is lost it has
// to be issued once more, and the first one opens nothing.
func (e *evidence) forgiveCertificates() {
	for what := range e.requests {
		if strings.HasPrefix(what, "CreateBlockchainCertByUserName ") {
			e.requests[what] = 1
		}
	}
	for what := range e.objects {
		if strings.HasPrefix(what, "bcs.certificate ") {
			e.objects[what] = 1
		}
	}
}

// elementsOf are those of the stack, which has to be well, or gone.
func elementsOf(p *program, gone bool) ([]element, error) {
	if gone {
		var list struct{ Stacks []json.RawMessage }
		err := decode(p, &list, "stacks", "--json")
		if err == nil && len(list.Stacks) > 0 {
			err = errors.New("the stack is still there")
		}
		return nil, err
	}
	var shown struct {
		Phase    string
		Elements []element
	}
	if err := decode(p, &shown, "show", "--json"); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(shown.Phase, "Succeeded") {
		return nil, fmt.Errorf("the stack is in phase %s", shown.Phase)
	}
	for _, e := range shown.Elements {
		if !strings.HasSuffix(e.Phase, "Succeeded") {
			return nil, fmt.Errorf("element %s is in phase %s", e.Node, e.Phase)
		}
	}
	return shown.Elements, nil
}

func decode(p *program, into any, args ...string) error {
	text, code, err := p.output(args...)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("%s exits %d", strings.Join(args, " "), code)
	}
	return json.Unmarshal(text, into)
}

// match holds elements and objects to each other: every element has its object,
// and every object belongs to an element, or to something that does.
func match(objects []object, elements []element) error {
	there, owned := map[string]bool{}, map[string]bool{}
	for _, o := range objects {
		there[o.ID] = true
	}
	var wrong []error
	for _, e := range elements {
		owned[e.ID] = true
		root, _, _ := strings.Cut(e.ID, "/")
		if !there[root] && !strings.HasPrefix(e.Type, "Orchestrate.") {
			wrong = append(wrong, fmt.Errorf("element %s is on record with the ID %s, which does not exist", e.Node, e.ID))
		}
		for _, v := range e.Attributes.Values {
			if id, ok := v.(string); ok {
				owned[id] = true // such as the address of a server
			}
		}
	}
	for _, o := range objects {
		if !owned[o.ID] && !owned[o.Parent] {
			wrong = append(wrong, fmt.Errorf("%s %s %q exists and is nobody's", o.Kind, o.ID, o.Name))
		}
	}
	return errors.Join(wrong...)
}

// compare fails if two stories did not leave the same behind.
func (e *evidence) compare(want *evidence) error {
	return errors.Join(
		differences("requests that were carried out", e.requests, want.requests),
		differences("objects", e.objects, want.objects),
		differences("elements", e.elements, want.elements),
	)
}

func differences(what string, got, want map[string]int) error {
	all := maps.Clone(want)
	maps.Copy(all, got)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if got[key] != want[key] {
			lines = append(lines, fmt.Sprintf("    %d, and %d when nothing disturbs: %s", got[key], want[key], key))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%s:\n%s", what, strings.Join(lines, "\n"))
}

// settled holds the state to itself and to the cloud, by the program's own
// commands: nothing is left to do, the journal tells what the state says, and
// every object is accounted for.
func settled(p *program, again []string) error {
	checks := [][]string{{"state", "verify"}}
	if len(again) > 0 {
		checks = append(checks, append(slices.Clone(again), "--detailed-exitcode"))
	}
	if p.audits {
		checks = append(checks, []string{"audit"})
	}
	for _, args := range checks {
		code, err := p.run(args...)
		if err != nil {
			return err
		}
		if code != 0 {
			return fmt.Errorf("%s exits %d", strings.Join(args, " "), code)
		}
	}
	return nil
}
