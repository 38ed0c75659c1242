package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// readFaults reads a file that says what goes wrong in an emulator: a YAML or
// JSON list of rules, of which the first that applies to a call wins.
func readFaults(path string) ([]emulator.Rule, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the faults: %w", err)
	}
	r := faultReader{}
	root, diags := dsl.ParseData(path, src)
	r.diags = diags
	var rules []emulator.Rule
	switch {
	case root == nil || root.Kind == dsl.Null:
	case root.Kind != dsl.List:
		r.diags.Add("DSL109", root.Range, "The file is a list of rules, such as \"- {operation: CreateNewBlockchain, status: 429}\"; this is %s.", root.Kind)
	default:
		for _, item := range root.Items {
			rules = append(rules, r.rule(item))
		}
	}
	if r.diags.HasErrors() {
		return nil, &invalid{diags: r.diags.Sorted(), sources: map[string][]byte{path: src}}
	}
	return rules, nil
}

// faultKeys are what a rule may say, in the order in which they are listed to
// people: which calls, how many of them, and what goes wrong.
var faultKeys = []string{
	"service", "operation", "method", "skip", "times", "probability", "seed",
	"status", "code", "message", "retry_after", "delay", "lose_reply", "cut_connection", "fail_operation",
}

type faultReader struct{ diags diag.List }

func (r *faultReader) rule(v *dsl.Value) emulator.Rule {
	var rule emulator.Rule
	if v.Kind != dsl.Map {
		r.diags.Add("DSL109", v.Range, "A rule is a map; this is %s. It may have %s.", v.Kind, strings.Join(faultKeys, ", "))
		return rule
	}
	before := len(r.diags)
	for i := range v.Entries {
		r.entry(&rule, &v.Entries[i])
	}
	f := rule.Fault
	switch {
	case len(r.diags) > before: // may be why
	case f == emulator.Fault{}:
		r.diags.Add("DSL109", v.Range, "The rule says nothing that goes wrong: status, delay, lose_reply, cut_connection or fail_operation.")
	case f.Status == 0 && (f.Code != "" || f.Message != "" || f.RetryAfter > 0):
		r.diags.Add("DSL109", v.Range, "code, message and retry_after go with a refusal; give its status, such as 429.")
	case f.Status != 0 && (f.LoseReply || f.CutConnection || f.FailOperation != ""):
		r.diags.Add("DSL109", v.Range, "A call that is refused with a status does no work; lose_reply, cut_connection and fail_operation go without one.")
	case f.CutConnection && (f.LoseReply || f.FailOperation != ""):
		r.diags.Add("DSL109", v.Range, "A call whose connection is cut does no work; lose_reply cuts it when the work is done.")
	case rule.Seed != 0 && rule.Probability == 0:
		r.diags.Add("DSL109", v.Range, "A seed goes with a probability; without one the rule leaves nothing to chance.")
	}
	return rule
}

func (r *faultReader) entry(rule *emulator.Rule, e *dsl.Entry) {
	v := e.Value
	switch e.Key.Text {
	case "service":
		rule.Service = r.oneOf(v, emulator.Services())
	case "operation":
		rule.Operation = r.oneOf(v, emulator.Operations())
	case "method":
		rule.Method = r.oneOf(v, []string{"GET", "POST", "PUT", "PATCH", "DELETE"})
	case "skip":
		rule.Skip = r.number(v, 0, 1e9)
	case "times":
		rule.Times = r.number(v, 1, 1e9)
	case "probability":
		rule.Probability = r.share(v)
	case "seed":
		rule.Seed = uint64(r.number(v, 0, 1e9))
	case "status":
		rule.Fault.Status = r.number(v, 400, 599)
	case "code":
		rule.Fault.Code = r.text(v)
	case "message":
		rule.Fault.Message = r.text(v)
	case "retry_after":
		rule.Fault.RetryAfter = r.duration(v)
	case "delay":
		rule.Fault.Delay = r.duration(v)
	case "lose_reply":
		rule.Fault.LoseReply = r.yes(v)
	case "cut_connection":
		rule.Fault.CutConnection = r.yes(v)
	case "fail_operation":
		rule.Fault.FailOperation = r.text(v)
	default:
		r.diags.Add("DSL107", e.Key.Range, "A rule has no %q.%s It may have %s.", e.Key.Text, diag.DidYouMean(e.Key.Text, faultKeys), strings.Join(faultKeys, ", "))
	}
}

func (r *faultReader) text(v *dsl.Value) string {
	text, ok := v.Scalar.(string)
	if !ok || text == "" {
		r.diags.Add("DSL109", v.Range, "This is to be a text.")
	}
	return text
}

func (r *faultReader) oneOf(v *dsl.Value, known []string) string {
	text, _ := v.Scalar.(string)
	if slices.Contains(known, text) {
		return text
	}
	names := "There are " + strings.Join(known, ", ")
	if len(known) > 10 {
		names = "The names are those of the vendor's API, and GET /_emulator/log shows them"
	}
	r.diags.Add("DSL109", v.Range, "%q is not known.%s %s.", text, diag.DidYouMean(text, known), names)
	return ""
}

func (r *faultReader) number(v *dsl.Value, least, most int64) int {
	n, ok := v.Scalar.(int64)
	if !ok || n < least || n > most {
		r.diags.Add("DSL109", v.Range, "This is to be a whole number from %d to %d.", least, most)
		return 0
	}
	return int(n)
}

// share reads a number above 0 and up to 1.
func (r *faultReader) share(v *dsl.Value) float64 {
	var p float64
	switch n := v.Scalar.(type) {
	case float64:
		p = n
	case int64:
		p = float64(n)
	}
	if !(p > 0 && p <= 1) {
		r.diags.Add("DSL109", v.Range, "This is to be a number above 0 and up to 1, such as 0.2 for every fifth call.")
		return 0
	}
	return p
}

func (r *faultReader) duration(v *dsl.Value) time.Duration {
	text, _ := v.Scalar.(string)
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		r.diags.Add("DSL109", v.Range, "This is to be a duration such as 500ms, 2s or 1h.")
	}
	return d
}

func (r *faultReader) yes(v *dsl.Value) bool {
	yes, ok := v.Scalar.(bool)
	if !ok || !yes {
		r.diags.Add("DSL109", v.Range, "This is to be true, or left out.")
	}
	return yes
}
