package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// The checks of Verify, in the order in which they are made. What the last two
// find is told and is no fault.
const (
	CheckFile       = "file"       // SQLite finds the file whole
	CheckSchema     = "schema"     // its tables are those of its version
	CheckReferences = "references" // no row belongs to what is not there
	CheckDocuments  = "documents"  // stored JSON can be read
	CheckSecrets    = "secrets"    // sealed values open with the key
	CheckJournal    = "journal"    // what it tells of elements is what is recorded of them
	CheckOpen       = "open ends"  // work whose outcome is not known
	CheckLeases     = "leases"     // who holds what
)

// Checks lists the checks of Verify.
func Checks() []string {
	return []string{CheckFile, CheckSchema, CheckReferences, CheckDocuments, CheckSecrets, CheckJournal, CheckOpen, CheckLeases}
}

// Finding is one thing that a check has found.
type Finding struct {
	Check   string `json:"check"`
	Place   string `json:"place"` // such as "stack web, element db"; "": the file
	Message string `json:"message"`
}

// Report is what Verify has found out.
type Report struct {
	Schema   int
	Stacks   int
	Elements int
	Runs     int // executions
	Records  int // of the journal
	Sealed   int // values
	Unopened int // of those
	Problems []Finding
	Notes    []Finding // no faults, but good to know
}

// Sound reports whether nothing is wrong.
func (r *Report) Sound() bool { return len(r.Problems) == 0 }

// Verify checks the state at one moment, and changes nothing. An error is why
// it could not be done at all.
func (s *SQLite) Verify(ctx context.Context) (*Report, error) {
	v := &verifier{exporter: s.newExporter(), refused: map[string]*refusal{}}
	err := s.view(ctx, "everything", func(t *snapshot) error {
		read := true
		for _, c := range []struct {
			name string
			do   func(context.Context, *snapshot) error
		}{{CheckFile, v.file}, {CheckSchema, v.tables}, {CheckReferences, v.references}, {CheckDocuments, v.run}} {
			// A damaged file fails here or there; what can be told of it is told.
			err := c.do(ctx, t)
			if read = err == nil; !read {
				v.problem(c.name, "", "cannot be read: "+explain(err).Error())
			}
		}
		v.judge(read)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return &v.report, nil
}

// verifier carries one Verify. It judges an export, beside what SQLite itself
// can tell.
type verifier struct {
	*exporter
	report  Report
	refused map[string]*refusal // by reason
}

// refusal is why some sealed values do not open.
type refusal struct {
	first string // of their places
	count int
}

func (v *verifier) problem(check, place, message string) {
	v.report.Problems = append(v.report.Problems, Finding{check, place, message})
}

func (v *verifier) note(check, place, message string) {
	v.report.Notes = append(v.report.Notes, Finding{check, place, message})
}

// file asks SQLite, which looks at every page and index.
func (v *verifier) file(ctx context.Context, t *snapshot) error {
	return each(ctx, t, func(r *sql.Rows) error {
		var text string
		err := r.Scan(&text)
		if err == nil && text != "ok" {
			v.problem(CheckFile, "", text)
		}
		return err
	}, `PRAGMA integrity_check`)
}

// tables compares the tables with those that the migrations make.
func (v *verifier) tables(ctx context.Context, t *snapshot) error {
	v.report.Schema = t.schema
	fresh, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer fresh.Close()
	fresh.SetMaxOpenConns(1) // each would have a memory of its own
	for _, m := range migrations[:t.schema] {
		if _, err := fresh.ExecContext(ctx, m); err != nil {
			return fmt.Errorf("make the tables of schema %d: %w", t.schema, err)
		}
	}
	want, err := tablesOf(ctx, fresh)
	if err != nil {
		return err
	}
	got, err := tablesOf(ctx, t)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			v.problem(CheckSchema, name, "is missing, or not as schema "+fmt.Sprint(t.schema)+" has it")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ours := want[name]; !ours {
			v.problem(CheckSchema, name, "was made by another program")
		}
	}
	return nil
}

// tablesOf are the tables and indexes with the statements that make them. What
// SQLite makes for itself has none.
func tablesOf(ctx context.Context, q interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, made string
		if err := rows.Scan(&name, &made); err != nil {
			return nil, err
		}
		out[name] = made
	}
	return out, rows.Err()
}

// references looks for rows that belong to nothing.
func (v *verifier) references(ctx context.Context, t *snapshot) error {
	checks := []struct{ what, query string }{
		{"belongs to a stack that is not there", `SELECT 'stack ' || stack || ', element ' || node FROM elements WHERE stack NOT IN (SELECT name FROM stacks) ORDER BY 1`},
		{"belongs to a stack that is not there", `SELECT 'stack ' || stack || ', revision ' || number FROM revisions WHERE stack NOT IN (SELECT name FROM stacks) ORDER BY 1`},
		{"has records in the journal, but is not there", `SELECT DISTINCT 'execution ' || execution FROM journal WHERE execution NOT IN (SELECT id FROM executions) ORDER BY 1`},
		{"bears another name than its stack and number give it", `SELECT 'execution ' || id FROM executions WHERE id <> stack || '-' || number ORDER BY 1`},
		{"is not there, but no execution has removed it", `SELECT 'stack ' || stack FROM executions e WHERE NOT ` + t.column(3, "final", finalBefore3) + `
			AND number = (SELECT max(number) FROM executions WHERE stack = e.stack) AND stack NOT IN (SELECT name FROM stacks) ORDER BY 1`},
		{"was made by no execution", `SELECT 'stack ' || name FROM stacks WHERE name NOT IN (SELECT stack FROM executions) ORDER BY 1`},
	}
	if t.schema >= 5 {
		checks = append(checks, []struct{ what, query string }{
			{"is named by a property, but not kept", `SELECT 'stack ' || r.stack || ', revision ' || r.number || ', file ' || f.key FROM revisions r, json_each(iif(r.contents = '', '{}', r.contents)) f
				WHERE json_extract(f.value, '$.sha256') NOT IN (SELECT sha256 FROM contents) ORDER BY 1`},
			{"is not kept whole", `SELECT 'file with the digest ' || sha256 FROM contents c WHERE size <>
				(SELECT coalesce(sum(length(data) - ` + fmt.Sprint(sealBytes) + `), 0) FROM content_parts WHERE sha256 = c.sha256) ORDER BY 1`},
		}...)
	}
	for _, c := range checks {
		err := each(ctx, t, func(r *sql.Rows) error {
			var place string
			err := r.Scan(&place)
			v.problem(CheckReferences, place, c.what)
			return err
		}, c.query)
		if err != nil {
			return err
		}
	}
	return nil
}

// judge judges what was read, if everything was.
func (v *verifier) judge(read bool) {
	if !read {
		for _, check := range []string{CheckSecrets, CheckJournal, CheckOpen, CheckLeases} {
			v.note(check, "", "was not made, because not everything could be read")
		}
		return
	}
	runs := map[string][]*ExportedExecution{} // by stack, in order
	for i := range v.Executions {
		e := &v.Executions[i]
		runs[e.Stack] = append(runs[e.Stack], e)
		v.execution(e)
	}
	for i := range v.Stacks {
		st := &v.Stacks[i]
		v.stackDocuments(st)
		v.replayed(st, runs[st.Name])
	}
	v.report.Stacks, v.report.Runs = len(v.Stacks), len(v.Executions)
	for _, reason := range slices.Sorted(maps.Keys(v.refused)) {
		r := v.refused[reason]
		v.problem(CheckSecrets, r.first, fmt.Sprintf("%d of %d sealed values do not open, this one first: %s", r.count, v.report.Sealed, reason))
	}
	v.holders()
}

func (v *verifier) stackDocuments(st *ExportedStack) {
	place := "stack " + st.Name
	var outputs map[string]json.RawMessage
	if err := json.Unmarshal(st.Outputs, &outputs); err != nil && st.Outputs != nil {
		v.problem(CheckDocuments, place+", outputs", "cannot be read: "+err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		v.document(st.Name, place+", output "+name, outputs[name])
	}
	for _, r := range st.Revisions {
		at := fmt.Sprintf("%s, revision %d", place, r.Number)
		v.document(st.Name, at+", texts", r.Sealed)
		v.document(st.Name, at+", inputs", r.Inputs)
	}
	for _, e := range st.Elements {
		v.report.Elements++
		at := place + ", element " + e.Node
		v.document(st.Name, at+", properties", e.Properties)
		v.document(st.Name, at+", attributes", e.Attributes)
	}
}

// execution looks at the documents of a journal, and for its open ends.
func (v *verifier) execution(e *ExportedExecution) {
	for _, r := range e.Journal {
		v.report.Records++
		at := fmt.Sprintf("execution %s, record %d of %s", e.ID, r.Seq, r.Node)
		v.document(e.Stack, at+", request", r.Request)
		if r.Before == nil {
			continue
		}
		var before storedElement
		if err := json.Unmarshal(r.Before, &before); err != nil || before.Node == "" {
			v.problem(CheckDocuments, at+", before", "cannot be read")
			continue
		}
		v.document(e.Stack, at+", properties before", before.Properties)
		v.document(e.Stack, at+", attributes before", before.Attributes)
	}
	for _, node := range openNodes(e.Journal) {
		v.note(CheckOpen, "execution "+e.ID+", step "+node, "its outcome is not known; the next command for the stack finds it out")
	}
	if e.Ended == nil {
		v.note(CheckOpen, "execution "+e.ID, "has not ended ("+e.Phase+")")
	}
}

// openNodes are the nodes with an intent whose outcome is not on record, in the
// order of their intents.
func openNodes(journal []ExportedRecord) []string {
	var open []string
	for _, r := range journal {
		switch r.Kind {
		case Intent:
			if !slices.Contains(open, r.Node) {
				open = append(open, r.Node)
			}
		case Result, Failure, Skipped:
			open = slices.DeleteFunc(open, func(n string) bool { return n == r.Node })
		}
	}
	return open
}

// document reads a stored document and opens its secrets.
func (v *verifier) document(stack, place string, text json.RawMessage) {
	if len(text) == 0 || string(text) == "null" {
		return
	}
	var d Document
	err := d.UnmarshalJSON(text)
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) == nil && object["damaged"] != nil {
		err = fmt.Errorf("it is no JSON")
	}
	if err != nil {
		v.problem(CheckDocuments, place, "cannot be read: "+err.Error())
		return
	}
	for _, pointer := range outermost(d.Sensitive) {
		_, _ = edit(d.Value, pointer, func(value any) (any, error) {
			v.report.Sealed++
			if _, err := v.store.keys.open(spot(stack, pointer), value); err != nil {
				v.refuse(place+pointer, err)
			}
			return value, nil
		})
	}
}

// spot is the place that a secret of a stack is sealed for.
func spot(stack, pointer string) []byte { return place(stackScope(stack), pointer) }

func (v *verifier) refuse(place string, err error) {
	v.report.Unopened++
	r := v.refused[err.Error()]
	if r == nil {
		r = &refusal{first: place}
		v.refused[err.Error()] = r
	}
	r.count++
}

// holders notes who holds which stack.
func (v *verifier) holders() {
	for _, l := range v.Leases {
		text := fmt.Sprintf("is held by %s, whose process is %s", l.Owner, l.Owner.liveness(v.store.self))
		if l.Expires != nil && !v.store.now().Before(*l.Expires) {
			text += "; the lease has run out"
		}
		v.note(CheckLeases, "stack "+l.Stack, text)
	}
}

// told is what the journal says of the element of a node.
type told struct {
	there, sure  bool
	objectID     string // "": not said
	typ, through string // the execution that said it last
}

// replayed compares the elements of a stack with what its journal, from the
// last removal of the stack on, says of them.
func (v *verifier) replayed(st *ExportedStack, runs []*ExportedExecution) {
	said := map[string]told{}
	for _, e := range runs {
		if e.Final {
			clear(said)
			continue
		}
		for _, r := range e.Journal {
			said[r.Node] = said[r.Node].after(e.ID, r)
		}
	}
	recorded := map[string]ExportedElement{}
	for _, e := range st.Elements {
		recorded[e.Node] = e
	}
	nodes := maps.Clone(said)
	for node := range recorded {
		nodes[node] = said[node]
	}
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		e, there := recorded[node]
		if fault := nodes[node].differs(e, there); fault != "" {
			v.problem(CheckJournal, "stack "+st.Name+", element "+node, fault)
		}
	}
}

// after is what is said once a record is there too. A create that failed may
// have left an object.
func (s told) after(execution string, r ExportedRecord) told {
	switch {
	case r.Kind == Failure && r.Action == "create":
		return told{sure: false, typ: r.Type, through: execution}
	case r.Kind != Result:
		return s
	}
	gone := r.Action == "delete" || r.Action == "forget" || r.Action == "move" && r.Before != nil
	return told{there: !gone, sure: true, objectID: r.ObjectID, typ: r.Type, through: execution}
}

// differs says what is otherwise about an element; "": nothing.
func (s told) differs(e ExportedElement, there bool) string {
	switch {
	case s.through == "" && there:
		return "is recorded, but no execution made it"
	case s.through == "" || !s.sure:
		return ""
	case s.there && !there:
		return "is not recorded, but execution " + s.through + " made or kept it"
	case !s.there && there:
		return "is recorded, but execution " + s.through + " removed it"
	case there && s.objectID != "" && e.ObjectID != s.objectID:
		return fmt.Sprintf("is recorded with the ID %q, but execution %s left it with %q", e.ObjectID, s.through, s.objectID)
	case there && e.Type != s.typ:
		return fmt.Sprintf("is recorded as %s, but execution %s left it as %s", e.Type, s.through, s.typ)
	}
	return ""
}
