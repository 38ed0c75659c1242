package providertest_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// catalogue is loaded once for all tests.
var catalogue = sync.OnceValues(dsl.LoadCatalogue)

// fits checks that a subject is made of what a blueprint may say, and that what is driven as a change in place is one.
func fits(t *testing.T, cfg providertest.Config) {
	typ := nodeType(t, cfg.Type)
	said(t, "", typ.Properties, cfg.Properties)
	for name, p := range typ.Properties.Properties {
		if _, changes := cfg.Change[name]; changes && p.Immutable {
			t.Errorf("%s can't be changed in place, and the subject changes it", name)
		}
	}
	changed := maps.Clone(cfg.Properties)
	maps.Copy(changed, cfg.Change)
	said(t, "changed: ", typ.Properties, changed)
}

// elsewhere are the properties that no subject changes, and the tests that do.
var elsewhere = map[string]string{
	"HBS.Instance.chainEngineVersion": "TestHBSUpgrade: another version has to come out first",
	"BCS.SdkConfig.members":           "providers/bcs, TestConfigOfAClient: it takes organizations of another tenant",
}

// changes collects which properties of a type its subjects change.
type changes struct {
	mu       sync.Mutex
	subjects map[string]int             // by type; guarded by mu
	changed  map[string]map[string]bool // by type and property; guarded by mu
}

func (c *changes) add(cfg providertest.Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subjects[cfg.Type]++
	for name := range cfg.Change {
		if c.changed[cfg.Type] == nil {
			c.changed[cfg.Type] = map[string]bool{}
		}
		c.changed[cfg.Type][name] = true
	}
}

// check looks whether everything is changed that can be, of the types of which no
// subject was left out.
func (c *changes) check(t *testing.T) {
	for name, n := range c.subjects {
		if n != len(of(name)) {
			continue
		}
		for property, p := range nodeType(t, name).Properties.Properties {
			_, tested := elsewhere[name+"."+property]
			if !p.Immutable && p.Recorded == "" && !tested && !c.changed[name][property] {
				t.Errorf("no subject of %s changes %s", name, property)
			}
		}
	}
}

// of are the subjects of a type.
func of(typ string) []subject {
	return slices.DeleteFunc(subjects(), func(s subject) bool { return s.typ != typ })
}

func nodeType(t *testing.T, name string) *dsl.NodeType {
	t.Helper()
	all, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	typ, ok := all[name]
	if !ok {
		t.Fatalf("the catalogue has no %s", name)
	}
	return typ
}

// said checks one map of properties.
func said(t *testing.T, path string, of *dsl.Property, values map[string]any) {
	t.Helper()
	for name, v := range values {
		p, ok := of.Properties[name]
		switch {
		case !ok && !of.Open:
			t.Errorf("%s%s is no property of the type", path, name)
		case ok:
			for _, violation := range p.Violations(v) {
				t.Errorf("%s%s: %s", path, name, violation.Message)
			}
		}
		if inner, isMap := v.(map[string]any); ok && isMap && len(p.Properties) > 0 {
			said(t, path+name+".", p, inner)
		}
	}
	for _, name := range of.Required {
		if _, there := values[name]; !there {
			t.Errorf("%s%s is required, and is not there", path, name)
		}
	}
}

// completed are properties with the defaults of the catalogue, as a plan has them.
func completed(of *dsl.Property, values map[string]any) map[string]any {
	out := maps.Clone(values)
	for name, p := range of.Properties {
		v, there := out[name]
		if !there && p.Default != nil {
			out[name] = p.Default
		}
		if inner, isMap := v.(map[string]any); isMap && len(p.Properties) > 0 {
			out[name] = completed(p, inner)
		}
	}
	return out
}

// tells checks that an object has the attributes that the catalogue promises, and no
// others.
func tells(t *testing.T, typ string, o *providers.Object) {
	t.Helper()
	promised := nodeType(t, typ).Attributes
	for name := range o.Attributes {
		if _, ok := promised[name]; !ok {
			t.Errorf("the catalogue knows no attribute %s", name)
		}
	}
	for name := range promised {
		if _, ok := o.Attributes[name]; !ok {
			t.Errorf("the attribute %s is promised, and is not there", name)
		}
	}
}
