package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

func checkedOf(node string, h providers.Health) *executor.Checked {
	return &executor.Checked{Element: &state.Element{Node: node, Type: "BCS.Instance"}, Health: h}
}

// Texts come from the cloud: they stay on their lines, the worst first.
func TestListHealth(t *testing.T) {
	found := &executor.Checkup{Elements: []*executor.Checked{
		checkedOf("a", providers.Health{}),
		checkedOf("b", providers.Health{
			Symptoms: []providers.Symptom{
				{Condition: providers.Healthy, Message: "A remark\x1b[31m."},
				{Condition: providers.Unknown, Message: "Not\nknown.", Operation: "ShowThing"},
				{Condition: providers.Abnormal, Message: "Bad.", Since: time.Unix(0, 0), Operation: "ListThings", Advice: "Mend\tit."},
			},
			Figures: []providers.Figure{{Name: "cpu", Value: 12.34, Unit: "%"}, {Name: "peers", Value: 1, Of: 2}, {Name: "blocks", Value: 12345678}, {Name: "validity", Value: 3, Unit: "days"}},
		}),
	}}
	var out bytes.Buffer
	a := newApp(process{Stdout: &out})
	a.listHealth(found)
	want := `NODE  TYPE                HEALTH    MEASURED
a     Cloud.BCS.Instance  healthy   -
b     Cloud.BCS.Instance  abnormal  cpu 12.3 %, peers 1/2, blocks 12345678, validity 3 days

# b (Cloud.BCS.Instance) is abnormal
  ! Bad.
    since 1970-01-01 00:00:00Z, told by ListThings
    Mend it.
  ? Not known.
    told by ShowThing
  - A remark [31m.
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
	if got := healthMessage(found.Elements[1].Symptoms); got != "Bad. Not\nknown." {
		t.Errorf("message %q", got)
	}
}

func TestHealthSum(t *testing.T) {
	abnormal := providers.Health{Symptoms: []providers.Symptom{{Condition: providers.Abnormal}}}
	unknown := providers.Health{Symptoms: []providers.Symptom{{Condition: providers.Unknown}}}
	many := []*executor.Checked{checkedOf("x", unknown)}
	for i := range 7 {
		many = append(many, checkedOf(fmt.Sprint("n", i), abnormal))
	}
	for want, elements := range map[string][]*executor.Checked{
		"unknown: the stack has no elements whose health could be told":                  nil,
		"healthy: its one element is healthy":                                            {checkedOf("a", providers.Health{})},
		"healthy: all 2 elements are healthy":                                            {checkedOf("a", providers.Health{}), checkedOf("b", providers.Health{})},
		"unknown: of 2 elements 1 unknown (b)":                                           {checkedOf("a", providers.Health{}), checkedOf("b", unknown)},
		"abnormal: of 8 elements 7 abnormal (n0, n1, n2, n3, n4, 2 more), 1 unknown (x)": many,
		"abnormal: of 1 element 1 abnormal (" + strings.Repeat("n", 30) + ")":            {checkedOf(strings.Repeat("n", 30), abnormal)},
	} {
		found := &executor.Checkup{Elements: elements}
		if got := string(found.Condition()) + ": " + healthSum(found); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		err := healthOptions{exitCode: true}.exit(found)
		var coded exitCode
		if errors.As(err, &coded) != (found.Condition() != providers.Healthy) {
			t.Errorf("%s: exits with %v", want, err)
		}
		if err := (healthOptions{}).exit(found); err != nil {
			t.Errorf("%s: exits with %v without being asked", want, err)
		}
	}
}

// Of every type there is somebody tells how its objects are.
func TestHealthOfEveryType(t *testing.T) {
	a := newApp(process{})
	a.opts.cloud = "http://127.0.0.1:1"
	cloud, err := a.openCloud(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cloud.close()
	for _, typ := range cloud.providers.Types() {
		_, tells := cloud.providers[typ].(providers.HealthReader)
		_, bare := cloud.providers[typ].(providers.Effectless)
		if !tells && !bare {
			t.Errorf("nobody tells how %s is", typ)
		}
	}
}
