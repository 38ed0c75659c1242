package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// exportFormat is the version of Export; see schemas/state.schema.json.
const exportFormat = "1.0"

// Export is everything that a state holds, for people and for other programs.
// Secrets stay sealed, so that it needs no key, and is as safe as the state
// itself. Documents stand in it as they are stored: see Document and Seal.
type Export struct {
	Format     string              `json:"format_version"`
	Schema     int                 `json:"schema"` // of the file
	Exported   time.Time           `json:"exported"`
	Key        ExportKey           `json:"key"`
	Stacks     []ExportedStack     `json:"stacks"`     // by name
	Executions []ExportedExecution `json:"executions"` // by stack and number; they outlive their stacks
	Leases     []ExportedLease     `json:"leases"`     // by stack; only of stacks that are held
}

// ExportKey tells which key the secrets are sealed under, and nothing that
// gives it away.
type ExportKey struct {
	ID   string `json:"id"`   // "": nothing was sealed yet
	Salt []byte `json:"salt"` // of passphrases
}

// ExportedStack is a stack with all of its revisions.
type ExportedStack struct {
	Name      string             `json:"name"`
	Serial    int64              `json:"serial"`
	Phase     string             `json:"phase"`
	Created   *time.Time         `json:"created"`
	Updated   *time.Time         `json:"updated"`
	Outputs   json.RawMessage    `json:"outputs"`   // documents by name
	Revisions []ExportedRevision `json:"revisions"` // oldest first
	Elements  []ExportedElement  `json:"elements"`  // by node
}

// ExportedRevision is a revision. If secrets stand in its texts, Sealed holds
// them instead of Blueprint and Files.
type ExportedRevision struct {
	Number    int64                 `json:"number"`
	File      string                `json:"file"`
	Blueprint *exportText           `json:"blueprint"`
	Files     map[string]exportText `json:"files"`
	// Contents are the files that properties name; what they hold is not exported.
	Contents map[string]Content `json:"contents,omitempty"`
	Sealed   json.RawMessage    `json:"sealed"`
	Inputs   json.RawMessage    `json:"inputs"`
	Created  *time.Time         `json:"created"`
}

// ExportedElement is an element.
type ExportedElement struct {
	Node       string          `json:"node"`
	Type       string          `json:"type"`
	ObjectID   string          `json:"object_id"`
	Phase      string          `json:"phase"`
	Properties json.RawMessage `json:"properties"`
	Attributes json.RawMessage `json:"attributes"`
	DependsOn  json.RawMessage `json:"depends_on"`
	Retain     bool            `json:"retain"`
	Revision   int64           `json:"revision"`
	Created    *time.Time      `json:"created"`
	Updated    *time.Time      `json:"updated"`
}

// ExportedExecution is an execution with its journal.
type ExportedExecution struct {
	ID        string           `json:"id"`
	Stack     string           `json:"stack"`
	Number    int64            `json:"number"`
	Lifecycle string           `json:"lifecycle"`
	Phase     string           `json:"phase"`
	Message   string           `json:"message"`
	Revision  int64            `json:"revision"`
	Owner     Owner            `json:"owner"`
	Terms     Terms            `json:"terms"`
	Cancel    *Owner           `json:"cancel_asked"`
	Final     bool             `json:"final"` // the stack was removed with its end
	Started   *time.Time       `json:"started"`
	Ended     *time.Time       `json:"ended"`
	Journal   []ExportedRecord `json:"journal"`
}

// ExportedRecord is a record of the journal. Before is the element as the step
// found it, left out if there was none, or where that is not on record.
type ExportedRecord struct {
	Seq       int64           `json:"seq"`
	Node      string          `json:"node"`
	Type      string          `json:"type"`
	Action    string          `json:"action"`
	Kind      RecordKind      `json:"kind"`
	Phase     string          `json:"phase"`
	Attempt   int             `json:"attempt"`
	ObjectID  string          `json:"object_id,omitempty"`
	Error     string          `json:"error,omitempty"`
	At        *time.Time      `json:"at"`
	Operation json.RawMessage `json:"operation,omitempty"`
	Request   json.RawMessage `json:"request,omitempty"`
	DependsOn []string        `json:"depends_on,omitempty"`
	Sensitive []string        `json:"sensitive_attributes,omitempty"`
	Retain    bool            `json:"retain,omitempty"`
	Before    json.RawMessage `json:"before,omitempty"`
	Detail    *Detail         `json:"detail,omitempty"`
}

// ExportedLease is a lease that somebody has.
type ExportedLease struct {
	Stack   string     `json:"stack"`
	Token   int64      `json:"token"`
	Owner   Owner      `json:"owner"`
	Expires *time.Time `json:"expires"`
}

// exportText is a text, which stands in JSON as one if it is UTF-8.
type exportText []byte

// MarshalJSON writes a text, or an object that holds its bytes.
func (t exportText) MarshalJSON() ([]byte, error) {
	if utf8.Valid(t) {
		return json.Marshal(string(t))
	}
	return json.Marshal(map[string][]byte{"base64": t})
}

// Export reads everything at one moment. It needs no key and writes nothing.
func (s *SQLite) Export(ctx context.Context) (*Export, error) {
	x := s.newExporter()
	err := s.view(ctx, "everything", func(t *snapshot) error { return x.run(ctx, t) })
	if err != nil {
		return nil, err
	}
	return &x.Export, nil
}

func (s *SQLite) newExporter() *exporter {
	return &exporter{store: s, Export: Export{
		Format: exportFormat, Exported: s.now().UTC(),
		Stacks: []ExportedStack{}, Executions: []ExportedExecution{}, Leases: []ExportedLease{},
	}}
}

// exporter fills an Export, table by table.
type exporter struct {
	Export
	store   *SQLite
	stackAt map[string]int // indexes
}

// run reads all tables.
func (x *exporter) run(ctx context.Context, t *snapshot) error {
	x.Schema = t.schema
	for _, part := range []func(context.Context, *snapshot) error{x.key, x.stacks, x.revisions, x.elements, x.executions, x.journal, x.leases} {
		if err := part(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (x *exporter) key(ctx context.Context, t *snapshot) error {
	return each(ctx, t, func(r *sql.Rows) error {
		var name string
		var value []byte
		err := r.Scan(&name, &value)
		switch name {
		case "key":
			x.Key.ID = string(value)
		case "salt":
			x.Key.Salt = value
		}
		return err
	}, `SELECT name, value FROM meta`)
}

func (x *exporter) stacks(ctx context.Context, t *snapshot) error {
	x.stackAt = map[string]int{}
	return each(ctx, t, func(r *sql.Rows) error {
		st := ExportedStack{Revisions: []ExportedRevision{}, Elements: []ExportedElement{}}
		var outputs string
		var created, updated int64
		err := r.Scan(&st.Name, &st.Serial, &st.Phase, &created, &updated, &outputs)
		st.Created, st.Updated, st.Outputs = stamp(created), stamp(updated), stored(outputs)
		x.stackAt[st.Name] = len(x.Stacks)
		x.Stacks = append(x.Stacks, st)
		return err
	}, `SELECT name, serial, phase, created, updated, outputs FROM stacks ORDER BY name`)
}

// stack is that of a row. One that is not there, which no healthy state has,
// comes without a phase: nothing is left out of an export.
func (x *exporter) stack(name string) *ExportedStack {
	i, ok := x.stackAt[name]
	if !ok {
		i = len(x.Stacks)
		x.stackAt[name] = i
		x.Stacks = append(x.Stacks, ExportedStack{Name: name, Revisions: []ExportedRevision{}, Elements: []ExportedElement{}})
	}
	return &x.Stacks[i]
}

func (x *exporter) revisions(ctx context.Context, t *snapshot) error {
	return each(ctx, t, func(r *sql.Rows) error {
		rev := ExportedRevision{Files: map[string]exportText{}}
		var stack, files, contents, inputs string
		var blueprint []byte
		var created int64
		if err := r.Scan(&stack, &rev.Number, &blueprint, &rev.File, &files, &contents, &inputs, &created); err != nil {
			return err
		}
		rev.Inputs, rev.Created = stored(inputs), stamp(created)
		if sealed, ok := strings.CutPrefix(string(blueprint), sealedTexts); ok {
			rev.Sealed = stored(sealed)
		} else {
			rev.Blueprint = (*exportText)(&blueprint)
		}
		if files != "" {
			var texts map[string][]byte
			if err := json.Unmarshal([]byte(files), &texts); err != nil {
				return fmt.Errorf("the files of revision %d of stack %s: %w", rev.Number, stack, err)
			}
			for name, text := range texts {
				rev.Files[name] = text
			}
		}
		var err error
		if rev.Contents, err = decodeContents(contents); err != nil {
			return fmt.Errorf("the files of revision %d of stack %s: %w", rev.Number, stack, err)
		}
		st := x.stack(stack)
		st.Revisions = append(st.Revisions, rev)
		return nil
	}, `SELECT stack, number, blueprint, file, `+t.column(2, "files", "''")+`, `+t.column(5, "contents", "''")+`, inputs, created FROM revisions ORDER BY stack, number`)
}

func (x *exporter) elements(ctx context.Context, t *snapshot) error {
	return each(ctx, t, func(r *sql.Rows) error {
		var e ExportedElement
		var stack, properties, attributes, dependsOn string
		var created, updated int64
		err := r.Scan(&stack, &e.Node, &e.Type, &e.ObjectID, &e.Phase, &properties, &attributes, &dependsOn, &e.Retain, &e.Revision, &created, &updated)
		e.Properties, e.Attributes, e.DependsOn = stored(properties), stored(attributes), stored(dependsOn)
		if dependsOn == "" {
			e.DependsOn = json.RawMessage("[]")
		}
		e.Created, e.Updated = stamp(created), stamp(updated)
		st := x.stack(stack)
		st.Elements = append(st.Elements, e)
		return err
	}, `SELECT stack, node, type, object_id, phase, properties, attributes, depends_on, `+t.column(3, "retain", "0")+`, revision, created, updated
		FROM elements ORDER BY stack, node`)
}

func (x *exporter) executions(ctx context.Context, t *snapshot) error {
	return each(ctx, t, func(r *sql.Rows) error {
		e, err := scanExecution(r.Scan)
		if err != nil {
			return err
		}
		x.Executions = append(x.Executions, ExportedExecution{
			ID: e.ID, Stack: e.Stack, Number: e.Number, Lifecycle: e.Lifecycle, Phase: e.Phase, Message: e.Message, Revision: e.Revision,
			Owner: e.Owner, Terms: e.Terms, Cancel: e.CancelAsked, Final: e.Final,
			Started: orNone(e.Started), Ended: orNone(e.Ended), Journal: []ExportedRecord{},
		})
		return nil
	}, `SELECT `+executionColumns(t)+` FROM executions ORDER BY stack, number`)
}

func (x *exporter) journal(ctx context.Context, t *snapshot) error {
	for i := range x.Executions {
		e := &x.Executions[i]
		err := eachRecord(ctx, t, e.ID, true, func(r Record, request, before string) error {
			e.Journal = append(e.Journal, exportedRecord(r, request, before))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *exporter) leases(ctx context.Context, t *snapshot) error {
	holds, err := x.store.holds(ctx, t)
	for _, h := range holds {
		x.Leases = append(x.Leases, ExportedLease{Stack: h.Stack, Token: h.Token, Owner: h.Owner, Expires: orNone(h.Expires)})
	}
	return err
}

func exportedRecord(r Record, request, before string) ExportedRecord {
	out := ExportedRecord{
		Seq: r.Seq, Node: r.Node, Type: r.Type, Action: r.Action, Kind: r.Kind, Phase: r.Phase, Attempt: r.Attempt,
		ObjectID: r.ObjectID, Error: r.Error, At: orNone(r.At), DependsOn: r.DependsOn, Sensitive: r.SensitiveAttributes, Retain: r.Retain, Detail: r.Detail,
	}
	if len(r.Operation) > 0 {
		out.Operation = stored(string(r.Operation))
	}
	if request != "" {
		out.Request = stored(request)
	}
	if before != "" {
		out.Before = stored(before)
	}
	return out
}

// stored is a stored JSON text as a part of a larger one; null for the empty
// text. A damaged one is kept as a text: an export is what is left to look at.
func stored(text string) json.RawMessage {
	switch {
	case text == "":
		return json.RawMessage("null")
	case json.Valid([]byte(text)):
		return json.RawMessage(text)
	}
	damaged, _ := json.Marshal(map[string]string{"damaged": text}) // texts always encode
	return damaged
}

// stamp is moment for JSON; nil for none.
func stamp(n int64) *time.Time { return orNone(moment(n)) }

func orNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
