package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tail returns an execution, without its steps, and those records of its journal
// that came after a sequence number, without what was sent and found: what
// somebody needs who follows it from another process. Both are of one moment: if
// the execution has ended, no further record comes. It needs no key.
func (s *SQLite) Tail(ctx context.Context, execution string, after int64) (*Execution, []Record, error) {
	var x *Execution
	var records []Record
	err := s.view(ctx, "execution "+execution, func(t *snapshot) (err error) {
		x, err = scanExecution(t.QueryRowContext(ctx, `SELECT `+executionColumns(t)+` FROM executions WHERE id = ?`, execution).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("execution %q: %w", execution, ErrNotFound)
		}
		if err != nil {
			return err
		}
		return eachRecordAfter(ctx, t, execution, after, false, func(r Record, _, _ string) error {
			records = append(records, r)
			return nil
		})
	})
	if err == nil && x == nil {
		err = fmt.Errorf("execution %q: %w", execution, ErrNotFound)
	}
	if err != nil {
		return nil, nil, err
	}
	return x, records, nil
}
