package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
)

// storedElement is the form of an element in the journal. Its documents are
// sealed as those of the table of elements are.
type storedElement struct {
	Node       string          `json:"node"`
	Type       string          `json:"type"`
	ObjectID   string          `json:"object_id,omitempty"`
	Phase      string          `json:"phase"`
	Properties json.RawMessage `json:"properties,omitempty"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
	DependsOn  []string        `json:"depends_on,omitempty"`
	Retain     bool            `json:"retain,omitempty"`
	Revision   int64           `json:"revision,omitempty"`
	Created    int64           `json:"created,omitempty"` // as nanos has it
	Updated    int64           `json:"updated,omitempty"`
}

// sealElement encodes an element as a step found it, with its secrets
// encrypted; "" is none.
func (s *SQLite) sealElement(stack string, e *Element) (string, error) {
	if e == nil {
		return "", nil
	}
	properties, err := s.sealFound(stack, e.Properties)
	if err != nil {
		return "", err
	}
	attributes, err := s.sealFound(stack, e.Attributes)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(storedElement{
		Node: e.Node, Type: e.Type, ObjectID: e.ObjectID, Phase: e.Phase,
		Properties: json.RawMessage(properties), Attributes: json.RawMessage(attributes),
		DependsOn: e.DependsOn, Retain: e.Retain, Revision: e.Revision, Created: nanos(e.Created), Updated: nanos(e.Updated),
	})
	return string(text), err
}

// sealFound is seal for what a step found. Secrets that could not be decrypted
// stay null: a stack whose key is lost can still be deleted.
func (s *SQLite) sealFound(stack string, d Document) (string, error) {
	text, err := s.seal(stack, d)
	if !unreadable(d, err) {
		return text, err
	}
	plain, err := d.MarshalJSON()
	return string(plain), err
}

// unsealElement is the inverse of sealElement. Secrets that do not open are dealt with as in
// unseal.
func (s *SQLite) unsealElement(stack, text, place string, sealed **SealedError) (*Element, error) {
	if text == "" {
		return nil, nil
	}
	var stored storedElement
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	e := &Element{
		Node: stored.Node, Type: stored.Type, ObjectID: stored.ObjectID, Phase: stored.Phase,
		DependsOn: stored.DependsOn, Retain: stored.Retain, Revision: stored.Revision,
		Created: moment(stored.Created), Updated: moment(stored.Updated),
	}
	var err error
	if e.Properties, err = s.unseal(stack, string(stored.Properties), place+"/properties", sealed); err != nil {
		return nil, err
	}
	e.Attributes, err = s.unseal(stack, string(stored.Attributes), place+"/attributes", sealed)
	return e, err
}

// firstChanges selects, for every node, the first record since an execution
// that may have changed it: an intent, or a result of a step that had none. Of
// one that is older than schema 3 what was there is known only if it was made
// then. What was imported into a node that had nothing is nobody's work, so the
// node begins anew with it.
func firstChanges(t *snapshot) string {
	before := t.column(3, "before", "NULL")
	return `WITH changes AS MATERIALIZED (
		SELECT j.seq, j.node, j.action = 'import' AND coalesce(` + before + `, '') = '' AS brought
		FROM executions e JOIN journal j ON j.execution = e.id
		WHERE e.stack = ?1 AND j.kind IN ('intent', 'result') AND e.number >= max(?2,
			(SELECT coalesce(max(number), 0) + 1 FROM executions WHERE stack = ?1 AND ` + t.column(3, "final", finalBefore3) + `))
	), imports AS MATERIALIZED (
		SELECT node, max(seq) AS seq FROM changes WHERE brought GROUP BY node
	)
	SELECT node, coalesce(` + before + `, ''), execution,
		action = 'none' AND (SELECT number FROM executions e WHERE e.id = execution) > ?2 FROM journal WHERE (` + before + ` IS NOT NULL OR action = 'create') AND seq IN (
		SELECT min(c.seq) FROM changes c LEFT JOIN imports i ON i.node = c.node
		WHERE i.seq IS NULL OR c.seq > i.seq GROUP BY c.node
	) ORDER BY node`
}

// lastForgotten selects the objects of which the last result since an execution
// is that they were forgotten and stayed in the cloud, be it on purpose or by
// force (a deletion that ended with an error); what a refresh forgets is gone.
// max picks the row that the other columns come from.
const lastForgotten = `SELECT type, object_id FROM (
		SELECT j.type, j.object_id, (j.action = 'forget' AND e.lifecycle <> 'refresh' OR j.action = 'delete' AND j.error <> '') AS stayed, max(j.seq)
		FROM executions e JOIN journal j ON j.execution = e.id
		WHERE e.stack = ?1 AND e.number >= ?2 AND j.kind = 'result' AND j.object_id <> '' GROUP BY j.type, j.object_id
	) WHERE stayed`

// noteLetGo marks the elements whose objects stayed in the cloud.
func noteLetGo(ctx context.Context, t *snapshot, elements map[string]*Element, stack string, number int64) error {
	stayed := map[[2]string]bool{}
	err := each(ctx, t, func(r *sql.Rows) error {
		var typ, id string
		err := r.Scan(&typ, &id)
		stayed[[2]string{typ, id}] = true
		return err
	}, lastForgotten, stack, number)
	for _, e := range elements {
		if e != nil {
			e.LetGo = stayed[[2]string{e.Type, e.ObjectID}]
		}
	}
	return err
}

// Before returns what was there before an execution; see Store.
func (s *SQLite) Before(ctx context.Context, stack string, number int64, attempts ...string) (map[string]*Element, error) {
	out := map[string]*Element{}
	var sealed *SealedError
	err := s.view(ctx, fmt.Sprintf("what was there before execution %d of stack %s", number, stack), func(t *snapshot) error {
		err := each(ctx, t, func(r *sql.Rows) (err error) {
			var node, before, execution string
			var quiet bool // a later execution found it so, and did nothing
			if err := r.Scan(&node, &before, &execution, &quiet); err != nil {
				return err
			}
			out[node], err = s.unsealElement(stack, before, "before/"+node, &sealed)
			if out[node] != nil {
				out[node].Attempted = quiet || slices.Contains(attempts, execution)
			}
			return err
		}, firstChanges(t), stack, number)
		if err != nil {
			return err
		}
		return noteLetGo(ctx, t, out, stack, number)
	})
	if err != nil {
		return nil, err
	}
	return out, sealed.errOrNil()
}
