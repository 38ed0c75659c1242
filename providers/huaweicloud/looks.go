package huaweicloud

import (
	"errors"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Looks collects what several looks of a preflight found, and which of them
// failed. One that fails does not keep the others from being made.
type Looks struct {
	found  []providers.Finding
	failed []error
}

// Add takes the outcome of a look. Of failures with the same cause, such as
// refused credentials, the first is enough.
func (l *Looks) Add(found []providers.Finding, err error) {
	l.found = append(l.found, found...)
	if err == nil {
		return
	}
	for _, other := range l.failed {
		if sameCause(other, err) {
			return
		}
	}
	l.failed = append(l.failed, err)
}

// Result returns all findings in order, and the failures as one.
func (l *Looks) Result() ([]providers.Finding, error) {
	var err error
	if len(l.failed) == 1 {
		err = l.failed[0]
	} else {
		err = errors.Join(l.failed...)
	}
	return SortFindings(l.found), err
}

// sameCause tells whether two errors are the same one, or both come from the
// credentials or from the endpoint.
func sameCause(a, b error) bool {
	if a.Error() == b.Error() {
		return true
	}
	var x, y *providers.Error
	return errors.As(a, &x) && errors.As(b, &y) && concernsAll(x) && x.Kind == y.Kind && x.Status == y.Status && x.Code == y.Code
}
