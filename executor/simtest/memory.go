package simtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// memory is what the disk holds. Its methods do what those of state.Store
// promise, all or nothing, and nothing else: latency, faults and death are the
// kernel's. TestMemory holds it to the SQLite store.
type memory struct {
	mu         sync.Mutex
	stacks     map[string]*memoryStack
	executions []*state.Execution
	journals   map[string][]state.Record // whole, with elements
	leases     map[string]*memoryLease
	seq        int64
}

type memoryStack struct {
	state.Stack
	revisions []*state.Revision
}

type memoryLease struct {
	token   int64
	owner   state.Owner
	free    bool
	expires time.Time
}

func newMemory() *memory {
	return &memory{stacks: map[string]*memoryStack{}, journals: map[string][]state.Record{}, leases: map[string]*memoryLease{}}
}

// fence refuses whoever has lost his lease.
func (m *memory) fence(l *state.Lease) error {
	row := m.leases[l.Stack]
	if row == nil || row.free || row.token != l.Token {
		return state.ErrLeaseLost
	}
	return nil
}

func (m *memory) acquire(stack string, owner state.Owner, ttl time.Duration, dead func(state.Owner) bool) (*state.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.leases[stack]
	if row == nil {
		row = &memoryLease{free: true}
		m.leases[stack] = row
	}
	if !row.free && time.Now().Before(row.expires) && !dead(row.owner) {
		return nil, &state.HeldError{Stack: stack, Owner: row.owner, Expires: row.expires}
	}
	row.token, row.owner, row.free, row.expires = row.token+1, owner, false, time.Now().Add(ttl)
	return &state.Lease{Stack: stack, Token: row.token, Owner: owner}, nil
}

func (m *memory) renew(l *state.Lease, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fence(l); err != nil {
		return err
	}
	m.leases[l.Stack].expires = time.Now().Add(ttl)
	return nil
}

func (m *memory) release(l *state.Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fence(l); err != nil {
		return err
	}
	m.leases[l.Stack].free = true
	return nil
}

func (m *memory) begin(l *state.Lease, x *state.Execution, rev *state.Revision, planned []state.Record) (*state.Execution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fence(l); err != nil {
		return nil, err
	}
	begun := *x
	begun.Stack = l.Stack
	if begun.Owner.ID == "" {
		begun.Owner = l.Owner
	}
	st := m.stacks[l.Stack]
	if st == nil {
		st = &memoryStack{Stack: state.Stack{Name: l.Stack, Created: time.Now(), Elements: map[string]*state.Element{}, Outputs: map[string]state.Document{}}}
		m.stacks[l.Stack] = st
	}
	st.touch(begun.Phase)
	for _, y := range m.executions {
		if y.Stack == l.Stack {
			begun.Number = max(begun.Number, y.Number)
		}
	}
	begun.Number++
	begun.ID = fmt.Sprintf("%s-%d", l.Stack, begun.Number)
	if rev != nil {
		begun.Revision = m.addRevision(st, rev)
	}
	if begun.Started.IsZero() {
		begun.Started = time.Now()
	}
	stored := begun
	m.executions = append(m.executions, &stored)
	for i := range planned {
		planned[i].Execution = begun.ID
	}
	m.journal(st, begun.ID, planned)
	return &begun, nil
}

func (st *memoryStack) touch(phase string) {
	st.Serial++
	st.Updated = time.Now()
	if phase != "" {
		st.Phase = phase
	}
}

func (m *memory) addRevision(st *memoryStack, rev *state.Revision) int64 {
	stored := *rev
	for _, r := range st.revisions {
		stored.Number = max(stored.Number, r.Number)
	}
	for _, y := range m.executions {
		if y.Stack == st.Name {
			stored.Number = max(stored.Number, y.Revision)
		}
	}
	stored.Number++
	st.revisions = append(st.revisions, &stored)
	return stored.Number
}

func (m *memory) append(l *state.Lease, records []state.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fence(l); err != nil {
		return err
	}
	if len(records) > 0 {
		m.journal(m.stacks[l.Stack], records[0].Execution, records)
	}
	return nil
}

func (m *memory) journal(st *memoryStack, execution string, records []state.Record) {
	changed := false
	for _, r := range records {
		m.seq++
		r.Seq = m.seq
		r.Before, r.Element = cloneElement(r.Before), cloneElement(r.Element)
		r.Request, r.Operation = cloneDocument(r.Request), orNil(r.Operation)
		r.DependsOn, r.SensitiveAttributes = orNil(r.DependsOn), orNil(r.SensitiveAttributes)
		m.journals[execution] = append(m.journals[execution], r)
		if r.Remove {
			delete(st.Elements, r.Node)
		}
		if r.Element != nil {
			st.Elements[r.Element.Node] = cloneElement(r.Element)
		}
		changed = changed || r.Remove || r.Element != nil
	}
	if changed {
		st.touch("")
	}
}

func (m *memory) finish(l *state.Lease, x *state.Execution, outputs map[string]state.Document, remove bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fence(l); err != nil {
		return err
	}
	if y := m.find(x.ID); y != nil {
		y.Phase, y.Message, y.Ended, y.Final = x.Phase, x.Message, x.Ended, remove
	}
	st := m.stacks[l.Stack]
	switch {
	case remove:
		delete(m.stacks, l.Stack)
	case st != nil:
		st.touch(cmp.Or(x.StackPhase, x.Phase))
		if outputs != nil {
			st.Outputs = maps.Clone(outputs)
		}
	}
	return nil
}

func (m *memory) find(id string) *state.Execution {
	for _, x := range m.executions {
		if x.ID == id {
			return x
		}
	}
	return nil
}

// cancellingPhases are the phases of executions that somebody wants to end.
var cancellingPhases = map[string]string{
	"Creating": "CreateCancelling", "Upgrading": "UpgradeCancelling", "Deleting": "DeleteCancelling",
	"Rollbacking": "RollbackCancelling", "Updating": "UpdateCancelling",
}

func (m *memory) cancel(id string, by state.Owner) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.find(id)
	switch {
	case x == nil:
		return state.ErrNotFound
	case !x.Ended.IsZero():
		return state.ErrEnded
	case x.CancelAsked != nil:
		return nil
	}
	x.CancelAsked = &by
	x.Phase = cmp.Or(cancellingPhases[x.Phase], x.Phase)
	if st := m.stacks[x.Stack]; st != nil {
		st.touch(x.Phase)
	}
	return nil
}

func (m *memory) cancelAsked(id string) (*state.Owner, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.find(id)
	if x == nil {
		return nil, state.ErrNotFound
	}
	return x.CancelAsked, nil
}

func (m *memory) stack(name string) (*state.Stack, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.stacks[name]
	if st == nil {
		return nil, fmt.Errorf("stack %q: %w", name, state.ErrNotFound)
	}
	out := st.Stack
	out.Elements = map[string]*state.Element{}
	for node, e := range st.Elements {
		out.Elements[node] = cloneElement(e)
	}
	out.Outputs = maps.Clone(st.Outputs)
	if n := len(st.revisions); n > 0 {
		out.Revision = st.revisions[n-1]
	}
	return &out, nil
}

// list has the stacks by name, without elements.
func (m *memory) list() []*state.Stack {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*state.Stack
	for _, name := range slices.Sorted(maps.Keys(m.stacks)) {
		st := m.stacks[name].Stack
		st.Elements = nil
		out = append(out, &st)
	}
	return out
}

// all lists the executions of a stack, newest first.
func (m *memory) all(stack string) []*state.Execution {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*state.Execution
	for _, x := range slices.Backward(m.executions) {
		if x.Stack == stack || stack == "" {
			copied := *x
			out = append(out, &copied)
		}
	}
	return out
}

// last is the newest execution of a stack; nil if there is none.
func (m *memory) last(stack string) *state.Execution {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range slices.Backward(m.executions) {
		if x.Stack == stack {
			return x
		}
	}
	return nil
}

// records are those of an execution. Callers do not change them.
func (m *memory) records(execution string) []state.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clip(m.journals[execution])
}

func (m *memory) revisionsOf(stack string) []*state.Revision {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.stacks[stack]
	if st == nil {
		return nil
	}
	return slices.Clone(st.revisions)
}

// before is what the first record of each node since an execution has found.
func (m *memory) before(stack string, number int64, attempts []string) map[string]*state.Element {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.executions {
		if x.Stack == stack && x.Final {
			number = max(number, x.Number+1)
		}
	}
	out, letGo := map[string]*state.Element{}, map[[2]string]bool{}
	brought := map[string]int64{} // number of the last record that has imported the node into nothing
	for _, x := range m.executions {
		for _, r := range m.journals[x.ID] {
			if x.Stack == stack && x.Number >= number && r.Kind == state.Result && r.Action == "import" && r.Before == nil {
				brought[r.Node] = r.Seq
			}
		}
	}
	for _, x := range m.executions {
		if x.Stack != stack || x.Number < number {
			continue
		}
		for _, r := range m.journals[x.ID] {
			if r.Kind == state.Result {
				letGo[[2]string{r.Type, r.ObjectID}] = r.Action == "forget" && x.Lifecycle != "refresh" || r.Action == "delete" && r.Error != ""
			}
			if _, known := out[r.Node]; !known && r.Seq > brought[r.Node] && (r.Kind == state.Intent || r.Kind == state.Result) {
				out[r.Node] = cloneElement(r.Before)
				if e := out[r.Node]; e != nil {
					e.Attempted = r.Action == "none" && x.Number > number || slices.Contains(attempts, x.ID)
				}
			}
		}
	}
	for _, e := range out {
		if e != nil {
			e.LetGo = letGo[[2]string{e.Type, e.ObjectID}]
		}
	}
	return out
}

// held tells whether a lease is the one that counts.
func (m *memory) held(l *state.Lease) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fence(l) == nil
}

func cloneElement(e *state.Element) *state.Element {
	if e == nil {
		return nil
	}
	out := *e
	out.Properties, out.Attributes = cloneDocument(e.Properties), cloneDocument(e.Attributes)
	out.DependsOn = orNil(e.DependsOn)
	return &out
}

// orNil is a copy of a list; an empty one is not told apart from none.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

func cloneDocument(d state.Document) state.Document {
	return state.Document{Value: cloneValue(d.Value), Sensitive: orNil(d.Sensitive)}
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = cloneValue(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}

// succeeded tells how an execution ended.
func succeeded(x *state.Execution) bool { return strings.HasSuffix(x.Phase, "Succeeded") }
