package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"strings"
	"time"
)

// Change is one changing request as the emulator saw it, done or refused.
type Change struct {
	Seq       int64     `json:"seq"`
	Time      time.Time `json:"time"`
	Service   string    `json:"service"`
	Operation string    `json:"operation"` // operationId of the contract
	Method    string    `json:"method"`
	Path      string    `json:"path"`           // with the query
	Body      string    `json:"body,omitempty"` // without secrets
	Status    int       `json:"status"`         // 0: the connection was cut, no work was done
	Code      string    `json:"code,omitempty"` // the error code; "" if it was done
	RequestID string    `json:"request_id"`
	Lost      bool      `json:"lost,omitempty"` // the answer was not delivered, on purpose
}

// log appends a change.
func (t *tx) log(c Change) error {
	return t.exec(addChange,
		c.Time.UnixNano(), c.Service, c.Operation, c.Method, c.Path, c.Body, c.Status, c.Code, c.RequestID, c.Lost)
}

// Changes returns the log of changing requests, oldest first. Secrets are
// taken out of the bodies before they are stored.
func (e *Emulator) Changes(ctx context.Context) ([]Change, error) {
	rows, err := e.store.db.QueryContext(ctx, `SELECT seq, time, service, operation, method, path, body, status, code, request_id, lost
		FROM changes ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("reading the emulator's log: %w", err)
	}
	defer rows.Close()
	list := []Change{}
	for rows.Next() {
		var c Change
		var at int64
		if err := rows.Scan(&c.Seq, &at, &c.Service, &c.Operation, &c.Method, &c.Path, &c.Body, &c.Status, &c.Code, &c.RequestID, &c.Lost); err != nil {
			return nil, fmt.Errorf("reading the emulator's log: %w", err)
		}
		c.Time = time.Unix(0, at).UTC()
		list = append(list, c)
	}
	return list, rows.Err()
}

// redacted stands for a secret in the log.
const redacted = "(redacted)"

// redact renders a request body for the log: JSON without its secrets, and of
// anything else only the kind and the size.
func redact(contentType string, body []byte) string {
	if len(body) == 0 {
		return ""
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		kind, _, _ := mime.ParseMediaType(contentType)
		return fmt.Sprintf("(%d bytes of %s)", len(body), kind)
	}
	out, err := json.Marshal(withoutSecrets(v))
	if err != nil {
		return redacted
	}
	return string(out)
}

// withoutSecrets replaces the values of telling keys, at any depth.
func withoutSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if isSecretKey(key) {
				v[key] = redacted
			} else {
				v[key] = withoutSecrets(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutSecrets(v[i])
		}
	}
	return v
}

// isSecretKey errs on the safe side: resource_password, init_node_pwd,
// adminPass, user_data, and the whole identity of a token request.
func isSecretKey(key string) bool {
	key = strings.ToLower(key)
	if key == "message" { // the text that shall be encrypted
		return true
	}
	for _, part := range []string{"passw", "pwd", "adminpass", "secret", "private", "user_data", "identity", "token"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
