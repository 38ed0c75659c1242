package executor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// AuditOptions say what is accounted for, and where it is looked.
type AuditOptions struct {
	Stack       string      // "": all that there are and were
	Place       state.Place // where the providers look
	Parallelism int         // most looks at once; 0 means 10
	// Bare tells the node types whose elements are nothing but a record.
	Bare func(nodeType string) bool
	// Stays says of a node type what stays of an object that goes with what it lives
	// in, as one clause; "" if nothing does.
	Stays func(nodeType string) string
}

// Fate is what has become of an object.
type Fate string

// The fates. The first four are as they should be.
const (
	FateElement Fate = "element" // a stack has it, and it is there
	FateDeleted Fate = "deleted" // an execution has deleted it
	FateLetGo   Fate = "let go"  // it left its stack on purpose and stayed in the cloud
	FateGone    Fate = "gone"    // no stack has it, and it is not there
	FateOpen    Fate = "open"    // what came of the last request about it is not known yet
	FateMissing Fate = "missing" // a stack has it, but it is not there
	FateOrphan  Fate = "orphan"  // it is there, but no stack has it
	FateUnknown Fate = "unknown" // it could not be looked for
)

// Fates lists them all.
func Fates() []Fate {
	return []Fate{FateElement, FateDeleted, FateLetGo, FateGone, FateOpen, FateMissing, FateOrphan, FateUnknown}
}

// Settled reports whether nobody has to do anything about it.
func (f Fate) Settled() bool { return slices.Index(Fates(), f) < slices.Index(Fates(), FateOpen) }

// Mark is an execution and when it did something; the zero Mark stands for
// none that is on record.
type Mark struct {
	Execution string
	At        time.Time
}

// Accounted is an object that some execution may have made.
type Accounted struct {
	Stack, Node string // where it belongs, or belonged last
	Type, ID    string // ID is "" if not even that is known
	Name        string // "": not known
	Made        Mark   // by whom it was made, or brought into a stack
	Imported    bool   // it was brought
	Ended       Mark   // by whom it was deleted or let go
	Fate        Fate
	Superseded  bool   // its node has another object on record by now
	Why         string // in a clause, if the fate alone does not say it
}

// Audit accounts for every object that any execution on record may have made.
type Audit struct {
	Objects []*Accounted // by stack, node and when they were made
	Running []string     // executions that have not ended, sorted
}

// Settled reports whether all is as it should be.
func (a *Audit) Settled() bool {
	return !slices.ContainsFunc(a.Objects, func(o *Accounted) bool { return !o.Fate.Settled() })
}

// Count tells how many objects have a fate.
func (a *Audit) Count(f Fate) int {
	n := 0
	for _, o := range a.Objects {
		if o.Fate == f {
			n++
		}
	}
	return n
}

// Audit reads the journals of all executions, also of stacks that are gone, and
// then looks in the cloud what is there of what they tell. It changes nothing.
func (e *Engine) Audit(ctx context.Context, o AuditOptions) (*Audit, error) {
	l := &ledger{engine: e, options: o, objects: map[objectKey]*item{}}
	if err := l.read(ctx); err != nil {
		return nil, err
	}
	if err := l.look(ctx); err != nil {
		return nil, err
	}
	return l.audit(), nil
}

type objectKey struct{ typ, id string }

// item is an object in the ledger.
type item struct {
	Accounted
	place    state.Place
	element  *state.Element // nil: no stack has it
	request  state.Document // that made it, as far as it is on record
	open     string         // the action on it whose outcome is not known; ""
	openedBy string         // its execution
	ending   Fate           // FateDeleted, FateLetGo, or "": nobody has ended it on record
	along    bool           // its deletion made no call of its own: it went with what it lived in
	failed   bool           // its creation is known to have failed

	there bool  // it was seen
	err   error // why it could not be looked for
}

// creation is a request on record that may have left, whatever came of it.
type creation struct {
	stack, node, typ, execution string
	place                       state.Place
	request                     state.Document
	op                          providers.Operation // under which it was first sent
	begun, ended                time.Time           // ended is zero while it is open
	open                        *item               // stands for what it has made; nil: its end is known
	made                        *item               // what it is known to have made; nil: nothing
	err                         error               // why it could not be looked for what it has made
}

// ledger is what the journals tell, and what was seen of it.
type ledger struct {
	engine    *Engine
	options   AuditOptions
	objects   map[objectKey]*item
	nameless  []*item // what open creations have made, of which no ID is known
	creations []*creation
	running   []string
	redact    redactor // of names, and of what the cloud says
}

// read takes in all journals, oldest first, and then the elements.
func (l *ledger) read(ctx context.Context) error {
	all, err := l.engine.Store.Executions(ctx, l.options.Stack)
	if err != nil {
		return fmt.Errorf("list the executions: %w", err)
	}
	slices.SortFunc(all, func(a, b *state.Execution) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Number, b.Number))
	})
	for _, x := range all {
		records, err := l.engine.Store.Journal(ctx, x.ID)
		var sealed *state.SealedError
		if err != nil && !errors.As(err, &sealed) { // nothing here depends on a secret
			return fmt.Errorf("read the journal of execution %s: %w", x.ID, err)
		}
		l.take(x, records)
	}
	return l.readElements(ctx)
}

func (l *ledger) readElements(ctx context.Context) error {
	names := []string{l.options.Stack}
	if l.options.Stack == "" {
		stacks, err := l.engine.Store.Stacks(ctx)
		if err != nil {
			return fmt.Errorf("list the stacks: %w", err)
		}
		names = names[:0]
		for _, st := range stacks {
			names = append(names, st.Name)
		}
	}
	for _, name := range names {
		st, err := l.engine.Store.Stack(ctx, name)
		var sealed *state.SealedError
		switch {
		case errors.Is(err, state.ErrNotFound):
			continue
		case err != nil && !(errors.As(err, &sealed) && st != nil):
			return fmt.Errorf("read stack %s: %w", name, err)
		}
		for _, node := range slices.Sorted(maps.Keys(st.Elements)) {
			el := st.Elements[node]
			l.redact.learn(value(el.Properties))
			l.redact.learn(value(el.Attributes))
			if o := l.object(el.Type, el.ObjectID); o != nil {
				o.element, o.Stack, o.Node = el, name, node
				o.ending, o.Ended, o.Why = "", Mark{}, "" // it has come back
				name, _ := value(el.Attributes).Get("refName")
				o.Name = cmp.Or(name.Text(), o.Name)
			}
		}
	}
	return nil
}

// object is the item of an object; nil for what is nothing but a record.
func (l *ledger) object(typ, id string) *item {
	if id == "" || l.bare(typ) {
		return nil
	}
	key := objectKey{typ, id}
	o := l.objects[key]
	if o == nil {
		o = &item{Accounted: Accounted{Type: typ, ID: id}}
		l.objects[key] = o
	}
	return o
}

// stays says what is left of an object that is still there although it went with what
// it lived in; "" if nothing should be.
func (l *ledger) stays(o *item) string {
	if l.options.Stays == nil || o.element != nil || o.ending != FateDeleted || !o.along || !o.there {
		return ""
	}
	return l.options.Stays(o.Type)
}

func (l *ledger) bare(typ string) bool { return l.options.Bare != nil && l.options.Bare(typ) }

// take takes in the journal of one execution.
func (l *ledger) take(x *state.Execution, records []state.Record) {
	if x.Ended.IsZero() {
		l.running = append(l.running, x.ID)
	}
	sent := map[string]*creation{} // by node: the creation that the records are about
	for _, r := range records {
		l.redact.learn(value(r.Request))
		if r.Action == string(planner.Create) {
			l.takeCreation(x, sent, r)
		} else if r.Kind == state.Result {
			l.takeResult(x, r)
		}
	}
	for _, r := range openEnds(records) {
		l.takeOpen(x, sent, r.Record)
	}
}

// takeCreation takes in a record of a creation.
func (l *ledger) takeCreation(x *state.Execution, sent map[string]*creation, r state.Record) {
	if l.bare(r.Type) {
		return
	}
	c := sent[r.Node]
	switch r.Kind {
	case state.Intent:
		sent[r.Node] = &creation{
			stack: x.Stack, node: r.Node, typ: r.Type, execution: x.ID, place: x.Owner.Place, request: r.Request, begun: r.At,
		}
		return
	case state.Operation:
		// The first one tells what existed before the request. Later ones may also
		// leave out what somebody said it has not made, which may have been wrong.
		if c != nil && r.ObjectID == "" && !slices.Contains(l.creations, c) && json.Unmarshal(r.Operation, &c.op) == nil {
			l.creations = append(l.creations, c)
		}
	case state.Result, state.Failure, state.Skipped:
		if c != nil {
			c.ended = r.At
		}
	default:
		return
	}
	if o := l.object(r.Type, r.ObjectID); o != nil && r.Kind != state.Skipped {
		l.made(o, x, r, c)
		o.failed = r.Kind == state.Failure
		if c != nil {
			c.made = o
		}
	}
}

// made notes who made an object. One that is known by its place may be made
// anew after it was deleted.
func (l *ledger) made(o *item, x *state.Execution, r state.Record, c *creation) {
	if o.Made.Execution == "" || o.ending != "" {
		o.Made, o.Imported = Mark{x.ID, r.At}, false
	}
	o.Stack, o.Node, o.place, o.ending, o.Ended, o.Why = x.Stack, r.Node, x.Owner.Place, "", Mark{}, ""
	if c != nil {
		o.request = c.request
		name, _ := value(c.request).Get("name")
		o.Name = name.Text()
	}
}

// takeResult takes in what became of an object later.
func (l *ledger) takeResult(x *state.Execution, r state.Record) {
	o := l.object(r.Type, r.ObjectID)
	if o == nil {
		return
	}
	switch r.Action {
	case actionImport:
		o.Made, o.Imported = Mark{x.ID, r.At}, true
		o.Stack, o.Node, o.place, o.ending, o.Ended, o.Why = x.Stack, r.Node, x.Owner.Place, "", Mark{}, ""
	case actionMove:
		o.Node = r.Node // the new name comes last
	case string(planner.Delete):
		o.ending, o.Ended = FateDeleted, Mark{x.ID, r.At}
		o.along = r.Before != nil
		if r.Error != "" { // force forgot what the cloud did not delete
			o.ending, o.Why = FateLetGo, r.Error
		}
	case actionForget:
		o.ending, o.Ended, o.Why = FateLetGo, Mark{x.ID, r.At}, cmp.Or(r.Error, "it was retained")
	}
}

// takeOpen takes in an action whose outcome is not known.
func (l *ledger) takeOpen(x *state.Execution, sent map[string]*creation, r state.Record) {
	if l.bare(r.Type) {
		return
	}
	o := l.object(r.Type, r.ObjectID)
	if o == nil {
		o = &item{Accounted: Accounted{Stack: x.Stack, Node: r.Node, Type: r.Type, Made: Mark{x.ID, r.At}}}
		l.nameless = append(l.nameless, o)
	}
	o.open, o.openedBy, o.place = r.Action, x.ID, x.Owner.Place
	o.Stack, o.Node = x.Stack, r.Node
	if c := sent[r.Node]; c != nil && r.Action == string(planner.Create) {
		c.open, c.ended = o, time.Time{}
		name, _ := value(c.request).Get("name")
		o.Name = cmp.Or(o.Name, name.Text())
	}
}

// audit judges every item.
func (l *ledger) audit() *Audit {
	slices.Sort(l.running)
	out := &Audit{Running: l.running}
	type place struct{ stack, node string }
	taken := map[place]bool{}
	for _, o := range l.objects {
		if o.element != nil {
			taken[place{o.Stack, o.Node}] = true
		}
	}
	for _, o := range slices.AppendSeq(slices.Clone(l.nameless), maps.Values(l.objects)) {
		if stays := l.stays(o); stays != "" {
			o.ending, o.Why = FateLetGo, "what it lived in was deleted, which leaves "+stays
		}
		o.judge()
		o.Superseded = o.element == nil && taken[place{o.Stack, o.Node}]
		o.Name, o.Why = l.redact.text(o.Name), l.redact.text(o.Why)
		out.Objects = append(out.Objects, &o.Accounted)
	}
	slices.SortFunc(out.Objects, func(a, b *Accounted) int {
		return cmp.Or(cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Node, b.Node), a.Made.At.Compare(b.Made.At),
			cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// judge says what has become of an object.
func (o *item) judge() {
	switch {
	case o.open != "":
		o.Fate = FateOpen
		o.Why = "what came of its " + nounOf(o.open) + " in execution " + o.openedBy + " is not known yet" + o.Why
	case o.err != nil && o.ending != "": // the service had the last word then
		o.Fate = o.ending
	case o.err != nil:
		o.Fate, o.Why = FateUnknown, "it could not be looked for: "+o.err.Error()
	case o.element != nil && o.there:
		o.Fate = FateElement
		if creating.failed() == o.element.Phase {
			o.Why = "its creation failed"
		}
	case o.element != nil:
		o.Fate, o.Why = FateMissing, "it does not exist any more"
	case o.ending == FateLetGo:
		o.Fate = FateLetGo
		if !o.there {
			o.Why += "; it does not exist any more"
		}
	case o.there:
		o.Fate, o.Why = FateOrphan, o.stray()
	case o.ending == FateDeleted:
		o.Fate = FateDeleted
	case o.failed:
		o.Fate, o.Why = FateGone, "its creation failed and has left nothing"
	default:
		o.Fate, o.Why = FateGone, "it was gone before its stack could delete it"
	}
}

// stray says why an object that is there belongs to nobody.
func (o *item) stray() string {
	switch {
	case o.Why != "":
		return o.Why
	case o.ending == FateDeleted:
		return "it is on record as deleted by execution " + o.Ended.Execution
	case o.failed:
		return "its creation failed, and it was left behind"
	}
	return "no stack has it"
}

func nounOf(action string) string {
	switch planner.Action(action) {
	case planner.Delete:
		return "deletion"
	case planner.Update:
		return "update"
	}
	return "creation"
}
