package bcs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"
)

// Operation is a record of work on an instance.
type Operation struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Code       string          `json:"code"` // the service's, such as BCSSVC01-99
	Status     string          `json:"status"`
	InstanceID string          `json:"instance_id"`
	Instance   string          `json:"instance"`
	At         string          `json:"at"` // the step that it is at; "" if it does not run
	Changed    time.Time       `json:"changed"`
	Failure    string          `json:"failure"`
	Steps      []OperationStep `json:"steps"`
}

// OperationStep is a part of an operation, in the order of its number.
type OperationStep struct {
	Name    string    `json:"name"`
	Status  string    `json:"status"` // waiting, processing, finished or failed
	Detail  string    `json:"detail"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
}

// Operations lists the operation records of one instance, or of all if it is "";
// with an ID only that one (ListOpRecord). The newest come first.
func (l Look) Operations(ctx context.Context, instance, id string) ([]Operation, error) {
	records, err := l.listOpRecord(ctx, instance, id)
	var out []Operation
	for i := range records {
		// The filters are applied once more: how the service combines them is not told.
		r := &records[i]
		if instance != "" && val(r.BlockchainId) != instance || id != "" && val(r.OperationId) != id {
			continue
		}
		out = append(out, operationOf(r))
	}
	slices.SortStableFunc(out, func(a, b Operation) int {
		return cmp.Or(b.Changed.Compare(a.Changed), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

func operationOf(r *model.RecordDetailInfo) Operation {
	o := Operation{
		ID: val(r.OperationId), Type: workName(val(r.ResourceType), val(r.OperationType)), Code: val(r.ResourceType) + "-" + val(r.OperationType),
		Status: val(r.OperationStatus), InstanceID: val(r.BlockchainId), Instance: val(r.BlockchainName),
		Changed: nanoseconds(val(r.RecordTime)), Steps: operationSteps(r),
	}
	for _, s := range o.Steps {
		if s.Status == recordProcessing && o.At == "" {
			o.At = s.Name
		}
	}
	if o.Status == recordFailed || o.Status == recordStop {
		o.Failure = strings.Join(failureReasons(r), "; ")
	}
	return o
}

// workName is the type of an operation record in words (API reference 1.5.1.17).
// Other work than is listed there has only its code.
func workName(resource, operation string) string {
	what, known := map[string]string{
		"BCSSVC01": " instance", "BCSSVC02": " UGBaaS", "PLUGIN01": " RESTful API", "PLUGIN02": " trusted computing", "PLUGIN03": " light peer",
	}[resource]
	inside, listed := map[string]string{
		"02": "add organization", "03": "scale organization", "04": "change channel", "05": "change consortium", "06": "leave channel",
	}[operation]
	if listed && resource == "BCSSVC01" {
		return inside
	}
	verb, listed := map[string]string{"99": "create", "00": "delete", "01": "upgrade", "91": "roll back"}[operation]
	if !known || !listed {
		return resource + "-" + operation
	}
	return verb + what
}

// nanoseconds reads a time of a record; the zero time if nothing has happened yet.
func nanoseconds(n int64) time.Time {
	if n <= 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// operationSteps lists the parts of a record as substeps does, with their times.
func operationSteps(r *model.RecordDetailInfo) []OperationStep {
	var out []OperationStep
	for _, name := range byNumber(r.OperationProcess, func(s model.ProcessInfo) int64 { return val(s.SerialNum) }) {
		step := r.OperationProcess[name]
		if len(step.SubSteps) == 0 {
			out = append(out, OperationStep{Name: name, Status: substepStatus(val(step.Status)), Detail: val(step.Detail)})
			continue
		}
		for _, part := range byNumber(step.SubSteps, func(s model.SubDetail) int64 { return val(s.SerialNum) }) {
			sub := step.SubSteps[part]
			out = append(out, OperationStep{
				name + ": " + part, substepStatus(val(sub.Status)), subDetail(sub), nanoseconds(val(sub.StartTime)), nanoseconds(val(sub.EndTime)),
			})
		}
	}
	return out
}
