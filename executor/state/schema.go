package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// applicationID marks the file as ours ("orch"; SQLite file format, section
// 1.3.17).
const applicationID = 0x6f726368

// migrations lead from schema version i to i+1. They are never edited once
// released, only added to.
var migrations = []string{schema1, schema2, schema3, schema4, schema5}

// schema1: times are nanoseconds since 1970 UTC, 0 for none; documents are
// JSON with their secrets sealed, an empty text for the empty document. Executions and
// journal outlive their stack.
const schema1 = `
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE stacks (
	name    TEXT PRIMARY KEY,
	serial  INTEGER NOT NULL,
	phase   TEXT NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	outputs TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE revisions (
	stack     TEXT NOT NULL,
	number    INTEGER NOT NULL,
	blueprint BLOB NOT NULL,
	file      TEXT NOT NULL,
	inputs    TEXT NOT NULL,
	created   INTEGER NOT NULL,
	UNIQUE (stack, number)
);

CREATE TABLE elements (
	stack      TEXT NOT NULL,
	node       TEXT NOT NULL,
	type       TEXT NOT NULL,
	object_id  TEXT NOT NULL,
	phase      TEXT NOT NULL,
	properties TEXT NOT NULL,
	attributes TEXT NOT NULL,
	depends_on TEXT NOT NULL,
	revision   INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	updated    INTEGER NOT NULL,
	UNIQUE (stack, node)
);

CREATE TABLE executions (
	id        TEXT PRIMARY KEY,
	stack     TEXT NOT NULL,
	number    INTEGER NOT NULL,
	lifecycle TEXT NOT NULL,
	phase     TEXT NOT NULL,
	message   TEXT NOT NULL,
	revision  INTEGER NOT NULL,
	owner     TEXT NOT NULL,
	started   INTEGER NOT NULL,
	ended     INTEGER NOT NULL,
	UNIQUE (stack, number)
) WITHOUT ROWID;

CREATE TABLE journal (
	seq        INTEGER PRIMARY KEY,
	execution  TEXT NOT NULL,
	node       TEXT NOT NULL,
	type       TEXT NOT NULL,
	action     TEXT NOT NULL,
	kind       TEXT NOT NULL,
	phase      TEXT NOT NULL,
	attempt    INTEGER NOT NULL,
	request    TEXT NOT NULL,
	operation  TEXT NOT NULL,
	object_id  TEXT NOT NULL,
	error      TEXT NOT NULL,
	depends_on TEXT NOT NULL,
	sensitive  TEXT NOT NULL,
	at         INTEGER NOT NULL
);
CREATE INDEX journal_execution ON journal (execution, seq);

-- A lease row stays when its owner is gone, so that the token keeps growing.
CREATE TABLE leases (
	stack   TEXT PRIMARY KEY,
	token   INTEGER NOT NULL,
	owner   TEXT NOT NULL, -- '' when it is free
	expires INTEGER NOT NULL
) WITHOUT ROWID;
`

// schema2: further files of a revision's package, as JSON from names to texts
// in Base64; an empty text for none.
const schema2 = `ALTER TABLE revisions ADD COLUMN files TEXT NOT NULL DEFAULT ''`

// schema3: what an execution was asked for (JSON of Terms) and who asked to
// cancel it (JSON of Owner), empty texts for none; whether the stack was
// removed with it; what templates say of retaining; and what a step found
// (JSON, secrets sealed, an empty text for nothing). Of records that are older
// than the column it is not known what they found: theirs is NULL.
const schema3 = `
ALTER TABLE executions ADD COLUMN terms TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN cancel TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN final INTEGER NOT NULL DEFAULT 0;
UPDATE executions SET final = 1 WHERE ` + finalBefore3 + `;
ALTER TABLE elements ADD COLUMN retain INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN before TEXT;
ALTER TABLE journal ADD COLUMN retain INTEGER NOT NULL DEFAULT 0;
`

// schema4: what a step is at (JSON of Detail), an empty text for nothing.
const schema4 = `ALTER TABLE journal ADD COLUMN detail TEXT NOT NULL DEFAULT ''`

// schema5: the files that properties of a revision name (JSON of Content by name, an
// empty text for none), and what they hold: in parts that are sealed, which count
// once the row in contents is there, for as long as a stack needs them.
const schema5 = `
ALTER TABLE revisions ADD COLUMN contents TEXT NOT NULL DEFAULT '';

CREATE TABLE contents (
	sha256 TEXT PRIMARY KEY,
	size   INTEGER NOT NULL,
	key    TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE content_parts (
	sha256 TEXT NOT NULL,
	part   INTEGER NOT NULL,
	data   BLOB NOT NULL,
	UNIQUE (sha256, part)
);

CREATE TABLE contents_of (
	stack  TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	PRIMARY KEY (stack, sha256)
) WITHOUT ROWID;
`

// finalBefore3 tells which executions removed their stacks, as long as there
// was no column for it.
const finalBefore3 = `(lifecycle = 'delete' AND phase = 'DeleteSucceeded')`

// version tells what a file is: 0 for an empty one.
type version struct{ schema, application, tables int }

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readVersion(ctx context.Context, q querier) (version, error) {
	var v version
	err := q.QueryRowContext(ctx, `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_user_version, pragma_application_id`).Scan(&v.schema, &v.application, &v.tables)
	return v, err
}

// check refuses what is not a state file of a version that is known.
func check(ctx context.Context, q querier) error {
	v, err := readVersion(ctx, q)
	switch {
	case err != nil:
		return err
	case v == (version{}):
		return errNoFile // made, but not filled yet
	case v.application != applicationID:
		return errors.New("it is a database, but not a state file of orchestrate; it was left as it is")
	case v.schema > len(migrations):
		return fmt.Errorf("it was written by a newer orchestrate (schema %d, this one knows %d); it was left as it is, use the newer program", v.schema, len(migrations))
	}
	return nil
}

// checkLeases refuses to change the schema while somebody may be at work: a program
// that knows the older one only could record nothing any more of what it has begun.
func checkLeases(ctx context.Context, c *sql.Conn, schema int) error {
	held, err := holdsIn(ctx, c, time.Now(), NewOwner("", time.Now()))
	for _, h := range held {
		if h.Living() {
			return &OutdatedError{Schema: schema, Held: &HeldError{Stack: h.Stack, Owner: h.Owner, Expires: h.Expires}}
		}
	}
	return err
}

// migrate brings a file to the newest schema, all or nothing, and copies what
// is in it before that; not while somebody works with the older one. It runs inside
// a transaction that excludes other writers, and looks again: another process
// may have been faster.
func migrate(ctx context.Context, c *sql.Conn, path string) error {
	v, err := readVersion(ctx, c)
	if err != nil {
		return err
	}
	if v != (version{}) {
		if err := check(ctx, c); err != nil {
			return err
		}
	}
	if v.schema == len(migrations) {
		return nil
	}
	if v.schema > 0 {
		if err := checkLeases(ctx, c, v.schema); err != nil {
			return err
		}
		if err := backup(ctx, path, v.schema); err != nil {
			return fmt.Errorf("copy it to %s before its schema changes; it was left as it is: %w", backupName(path, v.schema), err)
		}
	}
	for n := v.schema; n < len(migrations); n++ {
		if _, err := c.ExecContext(ctx, migrations[n]); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", n+1, err)
		}
	}
	if v.schema == 0 {
		salt := make([]byte, 16)
		rand.Read(salt) // never fails (crypto/rand)
		if _, err := c.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ('salt', ?)`, salt); err != nil {
			return fmt.Errorf("store the salt: %w", err)
		}
	}
	_, err = c.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, len(migrations)))
	return err
}
