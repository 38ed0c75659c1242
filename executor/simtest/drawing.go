package simtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// kind is what an object is like.
type kind int

// The kinds.
const (
	thing  kind = iota // takes its time
	quick              // is there at once
	named              // has a name that nothing else may have
	ledger             // holds data
	key                // can't be taken back; a deletion only forgets it
	room               // things can be in it
	part               // is in a room and goes with it; one change at a time in a room
	lot                // is in a room, which can't go while it is there
	pure               // exists only in the state of its stack
	kinds              // how many there are
)

var kindNames = [kinds]string{"Thing", "Quick", "Named", "Ledger", "Key", "Room", "Part", "Lot", "Pure"}

// slots is how many types each kind has. Nodes that begin together have types
// of their own, and types have time-outs of their own, so that no two time-outs
// fire together.
const slots = 12

func typeName(k kind, slot int) string {
	if k.listed() || k == pure { // what is in a room names its type; the others are listed together
		return "Sim." + kindNames[k]
	}
	return fmt.Sprintf("Sim.%s%d", kindNames[k], slot)
}

// listed tells whether all objects of a kind are of one type.
func (k kind) listed() bool { return k == room || k == quick }

func kindOf(typ string) kind {
	short := strings.TrimRight(strings.TrimPrefix(typ, "Sim."), "0123456789")
	return kind(slices.Index(kindNames[:], short))
}

// catalogue has the types of all kinds.
func catalogue() dsl.Catalogue {
	out := dsl.Catalogue{}
	for k := range kinds {
		for slot := range slots {
			typ := nodeType(k, slot)
			out[typ.Name] = typ
		}
	}
	return out
}

func nodeType(k kind, slot int) *dsl.NodeType {
	text, number := &dsl.Property{Type: "string"}, &dsl.Property{Type: "integer"}
	fixed := &dsl.Property{Type: "string", Immutable: true}
	limit := func(base time.Duration) string { return (base + time.Duration(slot)*time.Second).String() }
	typ := &dsl.NodeType{
		Name: typeName(k, slot),
		Properties: &dsl.Property{Type: "object", Properties: map[string]*dsl.Property{
			"size": number, "color": fixed, "name": fixed, "secret": {Type: "string", Sensitive: true}, "uses": {Type: "array", Items: &dsl.Property{}}, "pinned": fixed, "room": fixed,
		}},
		Attributes: map[string]*dsl.Property{"refID": text, "refName": text, "echo": {Type: "string", Volatile: true}, "level": {Type: "integer", Volatile: true}},
		Timeouts:   dsl.Timeouts{Create: limit(10 * time.Minute), Update: limit(8 * time.Minute), Delete: limit(9 * time.Minute)},
	}
	switch k {
	case ledger:
		typ.HoldsData = "its ledger"
	case key:
		typ.Forgotten = "what was issued stays valid"
	case part:
		typ.Serial = "room"
		typ.Containers = map[string]dsl.Containment{"room": {Type: typeName(room, 0), DeletedWith: true}}
	case lot:
		typ.Containers = map[string]dsl.Containment{"room": {Type: typeName(room, 0)}}
	}
	return typ
}

// template is a drawn node template.
type template struct {
	name, from string // from: the name that it had
	kind       kind
	slot       int
	shared     bool // it has the name that others of its type have too, also in other stacks
	size       int
	color      string
	uses       []string // expressions
	users      []string // the nodes in them
	pinned     string   // node whose ID it is tied to; "": none
	room       string   // node that it is in; "": none
	retain     bool
	secret     string // an expression; "": it has none
}

// sharedName is the name that several nodes ask for.
const sharedName = "shared"

// drawing is a drawn blueprint: each node uses only those before it.
type drawing struct {
	nodes []*template
	text  string
}

// artist draws blueprints that follow upon each other.
type artist struct {
	rng     *rand.Rand
	names   int
	most    int    // nodes
	kinds   []kind // of the story
	secrets bool   // it has secrets
	twins   bool   // nodes of a type have one name, where many are of it
}

func (a *artist) chance(n int) bool { return a.rng.IntN(n) == 0 }

// first draws a blueprint.
func (a *artist) first() *drawing {
	d := &drawing{}
	for range 1 + a.rng.IntN(a.most) {
		d.nodes = append(d.nodes, a.node(d.nodes))
	}
	return d.finish()
}

// node draws a node that may use some of those before it.
func (a *artist) node(before []*template) *template {
	a.names++
	t := &template{
		name: fmt.Sprintf("n%d", a.names), slot: a.names % slots, kind: a.kinds[a.rng.IntN(len(a.kinds))],
		size: 1 + a.rng.IntN(3), color: []string{"red", "blue"}[a.rng.IntN(2)], retain: a.chance(12),
	}
	var rooms []string
	for _, b := range before {
		if b.kind == room {
			rooms = append(rooms, b.name)
		}
	}
	switch {
	case (t.kind == part || t.kind == lot) && len(rooms) == 0:
		t.kind = room
	case t.kind == part || t.kind == lot:
		t.room = rooms[a.rng.IntN(len(rooms))]
	}
	t.retain = t.retain && t.retainable()
	t.shared = a.twins && t.kind.listed()
	if a.secrets && a.chance(2) {
		t.secret = a.secret()
	}
	for _, b := range before {
		if b.name != t.room && a.rng.IntN(len(before)+1) < 2 && len(t.users) < 3 {
			t.users = append(t.users, b.name)
			t.uses = append(t.uses, fmt.Sprintf("{get_attribute: [%s, %s]}", b.name, a.attribute(b)))
		}
	}
	if len(before) > 0 && a.chance(5) {
		t.pinned = before[a.rng.IntN(len(before))].name
	}
	return t
}

// attribute draws one of a node's.
func (a *artist) attribute(of *template) string {
	if of.secret != "" && a.chance(2) {
		return "echo"
	}
	return []string{"refID", "level"}[a.rng.IntN(2)]
}

// secret draws a secret: an input, or one that stands in the blueprint.
func (a *artist) secret() string {
	if a.chance(2) {
		return "{get_input: pin}"
	}
	return fmt.Sprintf("%s-%d", canary, a.rng.IntN(1000))
}

// next draws what a blueprint becomes: nodes that change, are replaced, renamed
// or removed, and new ones.
func (a *artist) next(d *drawing) *drawing {
	out := &drawing{}
	names := map[string]string{} // of nodes that stay, by what they were
	for _, was := range d.nodes {
		if a.chance(5) {
			continue
		}
		t := a.changed(was)
		names[was.name] = t.name
		t.follow(names)
		if (t.kind == part || t.kind == lot) && t.room == "" {
			t.kind = thing // its room is gone
		}
		out.nodes = append(out.nodes, t)
	}
	for range a.rng.IntN(3) {
		out.nodes = append(out.nodes, a.node(out.nodes))
	}
	return out.finish()
}

func (a *artist) changed(was *template) *template {
	t := *was
	t.from = ""
	switch a.rng.IntN(8) {
	case 0:
		t.size++
	case 1:
		t.color = map[string]string{"red": "blue", "blue": "red"}[t.color]
	case 2:
		if t.kind != named { // its object keeps the name, which would be in the way back
			t.from, t.name = t.name, t.name+"x"
		}
	case 3:
		t.retain = !t.retain && t.retainable()
	case 5:
		if t.secret != "" {
			t.secret = a.secret()
		}
	case 4:
		if t.kind != room && t.kind != pure && t.room == "" {
			to := []kind{thing, quick, named, ledger}[a.rng.IntN(4)]
			if to == named || t.kind == named {
				break // what is retained when it is replaced would be in the way back
			}
			t.kind, t.shared = to, false
			t.retain = t.retain && t.retainable()
		}
	}
	return &t
}

// retainable tells whether a node can leave the stack and its object stay: it
// must neither have to go with its room nor be in the way of a later one.
func (t *template) retainable() bool { return t.room == "" && t.kind != named }

// follow leaves out what a node used that is gone, and takes new names.
func (t *template) follow(names map[string]string) {
	uses, users := t.uses, t.users
	t.uses, t.users = nil, nil
	for i, u := range users {
		if to, ok := names[u]; ok {
			t.users = append(t.users, to)
			t.uses = append(t.uses, strings.Replace(uses[i], "["+u+",", "["+to+",", 1))
		}
	}
	t.pinned, t.room = names[t.pinned], names[t.room]
}

// finish writes the blueprint out.
func (d *drawing) finish() *drawing {
	var b strings.Builder
	b.WriteString("tosca_definitions_version: huaweicloud_tosca_version_1_0\ninputs:\n  pin:\n    type: secret\nnode_templates:\n")
	if len(d.nodes) == 0 {
		d.nodes = []*template{{name: "only", kind: thing, size: 1, color: "red"}}
	}
	for _, t := range d.nodes {
		t.write(&b)
	}
	last := d.nodes[len(d.nodes)-1].name
	fmt.Fprintf(&b, "outputs:\n  last:\n    value: {get_attribute: [%s, refID]}\n  level:\n    value: {get_attribute: [%s, level]}\n", last, d.nodes[0].name)
	d.text = b.String()
	return d
}

func (t *template) write(b *strings.Builder) {
	fmt.Fprintf(b, "  %s:\n    type: HuaweiCloud.%s\n", t.name, typeName(t.kind, t.slot))
	if t.from != "" {
		fmt.Fprintf(b, "    renamed_from: %s\n", t.from)
	}
	if t.retain {
		b.WriteString("    retain: true\n")
	}
	fmt.Fprintf(b, "    properties:\n      size: %d\n      color: %s\n", t.size, t.color)
	if t.shared {
		fmt.Fprintf(b, "      name: %s\n", sharedName)
	}
	if t.secret != "" {
		fmt.Fprintf(b, "      secret: %s\n", t.secret)
	}
	if len(t.uses) > 0 {
		fmt.Fprintf(b, "      uses: [%s]\n", strings.Join(t.uses, ", "))
	}
	if t.pinned != "" {
		fmt.Fprintf(b, "      pinned: {get_attribute: [%s, refID]}\n", t.pinned)
	}
	if t.room != "" {
		fmt.Fprintf(b, "      room: {get_attribute: [%s, refID]}\n", t.room)
	}
}

// registry serves all types for one process.
func registry(cat dsl.Catalogue, p *process) providers.Registry {
	out, v := providers.Registry{}, provider{p}
	for name := range cat {
		switch kindOf(name) {
		case room, quick:
			out[name] = lister{v}
		case pure:
			out[name] = &book{p: p}
		default:
			out[name] = v
		}
	}
	return out
}

// plain is the drawing without former names.
func (d *drawing) plain() *drawing {
	out := &drawing{}
	for _, t := range d.nodes {
		copied := *t
		copied.from = ""
		out.nodes = append(out.nodes, &copied)
	}
	return out.finish()
}
