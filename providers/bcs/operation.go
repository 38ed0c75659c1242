package bcs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Statuses of an operation record (API reference 1.5.1.17). The last three are
// final.
const (
	recordWaiting    = "waiting"
	recordProcessing = "processing"
	recordFinished   = "finished"
	recordFailed     = "failed"
	recordStop       = "stop"
)

// The operation type of a creation; those of other work are not documented
// well enough to be relied on.
const opCreate = "99"

// settled is what an object itself says about the work on it.
type settled struct {
	done    bool
	object  *providers.Object // of a done create or update
	waiting string            // what it waits for, if not done
	next    *providers.Operation
}

// await tells how far an operation is. Its record knows best. If the record
// ended well, is gone (the service keeps them for days only) or was never
// named in the answer, the object itself decides: settle is asked, with
// finished telling whether a record says that the work is over, and has said so
// for as long as the object may show it late.
func (a api) await(ctx context.Context, op providers.Operation, settle func(ctx context.Context, finished bool) (settled, error)) (providers.Progress, error) {
	record, err := a.record(ctx, op.ID)
	if err != nil {
		return providers.Progress{}, err
	}
	p := providers.Progress{Next: op, After: poll, Substeps: substeps(record)}
	finished, now := false, time.Now().UTC()
	if record != nil {
		switch val(record.OperationStatus) {
		case recordFailed, recordStop:
			return p, failure(record)
		case recordFinished:
			finished = true
		default:
			p.Message = progressMessage(op.ID, p.Substeps)
			return p, nil
		}
	}
	s, err := settle(ctx, finished && now.Sub(overSince(op, now)) >= a.c.Late())
	if err != nil {
		return p, err
	}
	switch {
	case s.done:
		return providers.Progress{Done: true, Object: s.object, Substeps: p.Substeps}, nil
	case s.next != nil:
		p.Next, p.After = *s.next, 0
	case finished && op.Note[noteOver] == "":
		p.Next = over(op, now)
	}
	p.Message = s.waiting
	return p, nil
}

// noteOver in an operation's notes says since when its record is seen to be
// finished.
const noteOver = "over"

func over(op providers.Operation, at time.Time) providers.Operation {
	notes := map[string]string{noteOver: at.Format(time.RFC3339Nano)}
	for name, text := range op.Note {
		notes[name] = text
	}
	op.Note = notes
	return op
}

// overSince is when a record was first seen to be finished; now if it was not.
func overSince(op providers.Operation, now time.Time) time.Time {
	at, err := time.Parse(time.RFC3339Nano, op.Note[noteOver])
	if err != nil {
		return now
	}
	return at
}

// record returns an operation record, nil if there is none with the ID.
func (a api) record(ctx context.Context, id string) (*model.RecordDetailInfo, error) {
	if id == "" {
		return nil, nil
	}
	records, err := a.listOpRecord(ctx, "", id)
	if err != nil {
		return nil, err
	}
	for i := range records {
		if val(records[i].OperationId) == id {
			return &records[i], nil
		}
	}
	return nil, nil
}

// running returns the newest unfinished operation on a network, nil if nothing
// runs there.
func (a api) running(ctx context.Context, network string) (*model.RecordDetailInfo, error) {
	return a.newest(ctx, network, isRunning)
}

func isRunning(r *model.RecordDetailInfo) bool {
	s := val(r.OperationStatus)
	return s == recordWaiting || s == recordProcessing
}

// creation returns the record of a network's creation, nil if there is none.
func (a api) creation(ctx context.Context, network string) (*model.RecordDetailInfo, error) {
	return a.newest(ctx, network, func(r *model.RecordDetailInfo) bool { return val(r.OperationType) == opCreate })
}

func (a api) newest(ctx context.Context, network string, is func(*model.RecordDetailInfo) bool) (*model.RecordDetailInfo, error) {
	records, err := a.listOpRecord(ctx, network, "")
	if err != nil {
		return nil, err
	}
	var found *model.RecordDetailInfo
	for i := range records {
		r := &records[i]
		if val(r.BlockchainId) == network && is(r) && (found == nil || val(r.RecordTime) > val(found.RecordTime)) {
			found = r
		}
	}
	return found, nil
}

// foundOf is what is there now of what a lost request was to make, with the
// record of the work on it (nil: none is known). created is a time as the
// service writes it, "" where it does not tell.
func foundOf(id, name, network, created string, record *model.RecordDetailInfo) huaweicloud.Found {
	f := huaweicloud.Found{Candidate: providers.Candidate{ID: id, Name: name, Created: moment(created)}}
	if network != "" {
		f.Parent = "network " + network
	}
	if record != nil {
		f.Record, f.Work = val(record.OperationId), workText(record)
	}
	return f
}

// moment reads a time of the service; the zero time if there is none.
func moment(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text) // what can't be read is not known
	return at
}

// recordTime is when a record was last changed. The reference shows nanoseconds.
func recordTime(r *model.RecordDetailInfo) time.Time { return time.Unix(0, val(r.RecordTime)) }

// workText names an operation record: its type, its state, and when that changed.
func workText(r *model.RecordDetailInfo) string {
	text := fmt.Sprintf("operation %s of type %s, %s", val(r.OperationId), val(r.OperationType), val(r.OperationStatus))
	if val(r.RecordTime) > 0 {
		text += ", last changed " + recordTime(r).UTC().Format(time.RFC3339)
	}
	return text
}

// stageOther waits for work that runs on a network after a lost request. It may
// be the request's own or anybody's, so its end, good or bad, says nothing about
// the request: what it has left is looked at again.
const stageOther = "other"

// takeUp returns the handle to outlast what runs on a network after a lost
// request, nil if nothing runs there.
func (a api) takeUp(ctx context.Context, network, object string) (*providers.Operation, error) {
	record, err := a.running(ctx, network)
	if err != nil || record == nil {
		return nil, err
	}
	return &providers.Operation{Stage: stageOther, ID: val(record.OperationId), ObjectID: object}, nil
}

// outlast waits for the end of what takeUp found, and goes on with stage again.
func (a api) outlast(ctx context.Context, op providers.Operation, again string) (providers.Progress, error) {
	record, err := a.record(ctx, op.ID)
	if err != nil {
		return providers.Progress{}, err
	}
	if record == nil || !isRunning(record) {
		// What it has left may show a little late.
		return providers.Progress{Next: providers.Operation{Stage: again, ObjectID: op.ObjectID}, After: poll}, nil
	}
	p := providers.Progress{Next: op, After: poll, Substeps: substeps(record)}
	p.Message = progressMessage(op.ID, p.Substeps)
	return p, nil
}

// removal is how what lies inside a network is deleted, mirroring
// huaweicloud.Creation: it is looked at first, and its absence ends the work,
// whatever a record says.
//
//	"" or again  --it is there: send-->  wait  --it is gone-->  done
//	"", answer lost  --work runs-->  other  --it has ended-->  again
type removal struct {
	network, object string
	settling        bool // nothing is sent any more
	// left says what is still there, "" if nothing is.
	left func(ctx context.Context) (string, error)
	// send makes the one changing request and returns its operation record.
	send func(ctx context.Context) (record string, err error)
}

const stageAgain = "again" // of a removal: other work has ended

// remove implements providers.Provider.Advance for a delete.
func (a api) remove(ctx context.Context, r removal, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch op.Stage {
	case huaweicloud.StageWait:
		return a.await(ctx, op, func(ctx context.Context, _ bool) (settled, error) {
			left, isGone, err := r.look(ctx)
			return settled{done: isGone, waiting: left}, err
		})
	case stageOther:
		return a.outlast(ctx, op, stageAgain)
	}
	if resumed { // before it is looked what is left: the work may end meanwhile
		next, err := a.takeUp(ctx, r.network, r.object)
		if err != nil || next != nil {
			return providers.Progress{Next: val(next)}, err
		}
	}
	left, isGone, err := r.look(ctx)
	switch {
	case err != nil || isGone:
		return providers.Progress{Done: isGone}, err
	case r.settling:
		return providers.Progress{}, huaweicloud.Remains(left)
	}
	record, err := r.send(ctx)
	return providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageWait, ID: record, ObjectID: r.object}}, err
}

// look tells what is still there, and whether nothing is: what it lies in may be
// gone too.
func (r removal) look(ctx context.Context) (left string, isGone bool, err error) {
	left, err = r.left(ctx)
	if huaweicloud.Gone(err) {
		return "", true, nil
	}
	return left, err == nil && left == "", err
}

// substeps lists the steps of a record in the order of their numbers, each
// with its parts if it has any.
func substeps(r *model.RecordDetailInfo) []providers.Substep {
	if r == nil {
		return nil
	}
	var out []providers.Substep
	for _, name := range byNumber(r.OperationProcess, func(s model.ProcessInfo) int64 { return val(s.SerialNum) }) {
		step := r.OperationProcess[name]
		if len(step.SubSteps) == 0 {
			out = append(out, providers.Substep{Name: name, Status: substepStatus(val(step.Status)), Detail: val(step.Detail)})
			continue
		}
		for _, part := range byNumber(step.SubSteps, func(s model.SubDetail) int64 { return val(s.SerialNum) }) {
			sub := step.SubSteps[part]
			out = append(out, providers.Substep{Name: name + ": " + part, Status: substepStatus(val(sub.Status)), Detail: subDetail(sub)})
		}
	}
	return out
}

// byNumber returns the keys of a map by number, then by name: the service
// numbers sub steps across steps, or not at all.
func byNumber[T any](m map[string]T, number func(T) int64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(number(m[a]), number(m[b])), cmp.Compare(a, b))
	})
	return keys
}

// substepStatus maps to the four words of providers.Substep. A part that has
// not begun shows no status.
func substepStatus(s string) string {
	switch s {
	case recordProcessing, recordFinished, recordFailed:
		return s
	case recordStop:
		return recordFailed
	}
	return recordWaiting
}

func subDetail(s model.SubDetail) string {
	if lines := val(s.Message); len(lines) > 0 {
		return strings.Join(lines, "; ")
	}
	if d := val(s.Detail); d != recordWaiting {
		return d
	}
	return ""
}

func progressMessage(id string, steps []providers.Substep) string {
	for _, s := range steps {
		if s.Status == recordProcessing {
			return s.Name + " (" + id + ")"
		}
	}
	return "waiting for " + id
}

// failure is the error of an operation that ended badly, with all that its
// record tells.
func failure(r *model.RecordDetailInfo) error {
	reasons := failureReasons(r)
	verb := "failed"
	if val(r.OperationStatus) == recordStop {
		verb = "was interrupted"
	}
	message := "operation " + val(r.OperationId) + " " + verb
	if len(reasons) > 0 {
		message += ": " + strings.Join(reasons, "; ")
	}
	return &providers.Error{
		Kind:      providers.Failed,
		Operation: "ListOpRecord",
		Message:   message,
		Advice:    "Look at the operation record and the cluster on the console, repair what is wrong there, then apply again.",
	}
}

// failureReasons is all that a record tells about why its work ended badly.
func failureReasons(r *model.RecordDetailInfo) []string {
	reasons := slices.Clone(val(r.Message))
	for _, s := range substeps(r) {
		if s.Status == recordFailed {
			reasons = append(reasons, strings.TrimSuffix(s.Name+": "+s.Detail, ": "))
		}
	}
	return reasons
}
