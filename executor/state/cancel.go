package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// cancelling are the phases of executions that run, and what becomes of them
// when somebody asks to cancel (blueprint language, section 13.8).
var cancelling = map[string]string{
	"Creating":    "CreateCancelling",
	"Upgrading":   "UpgradeCancelling",
	"Deleting":    "DeleteCancelling",
	"Rollbacking": "RollbackCancelling",
	"Updating":    "UpdateCancelling",
}

// Cancel asks an execution to end; see Store.
func (s *SQLite) Cancel(ctx context.Context, execution string, by Owner) error {
	text, err := json.Marshal(by)
	if err != nil {
		return fmt.Errorf("encode who asks: %w", err)
	}
	if _, err := s.CancelAsked(ctx, execution); err != nil {
		return err // above all, no state file is made for an execution that is in none
	}
	return s.write(ctx, "cancel execution "+execution, func(t *tx) error { return t.cancel(execution, string(text)) })
}

func (t *tx) cancel(execution, by string) error {
	var stack, phase, asked string
	var ended int64
	found, err := t.row(`SELECT stack, phase, cancel, ended FROM executions WHERE id = ?`, []any{execution}, &stack, &phase, &asked, &ended)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("execution %q: %w", execution, ErrNotFound)
	case ended != 0:
		return fmt.Errorf("execution %q: %w", execution, ErrEnded)
	case asked != "":
		return nil
	}
	if then, ok := cancelling[phase]; ok {
		phase = then
	}
	if err := t.exec(`UPDATE executions SET phase = ?, cancel = ? WHERE id = ?`, phase, by, execution); err != nil {
		return err
	}
	return t.exec(`UPDATE stacks SET serial = serial + 1, phase = ?, updated = ? WHERE name = ?`, phase, nanos(t.now), stack)
}

// CancelAsked tells who asked; see Store.
func (s *SQLite) CancelAsked(ctx context.Context, execution string) (*Owner, error) {
	var by *Owner
	found := false
	err := s.view(ctx, "execution "+execution, func(t *snapshot) error {
		var text string
		err := t.QueryRowContext(ctx, `SELECT `+t.column(3, "cancel", "''")+` FROM executions WHERE id = ?`, execution).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		by, err = asker(execution, text)
		return err
	})
	if err == nil && !found {
		return nil, fmt.Errorf("execution %q: %w", execution, ErrNotFound)
	}
	return by, err
}
