package state

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	cases := []struct {
		name    string
		records []Record
		want    StepRecord
	}{
		{"planned only", []Record{
			{Action: "create", Kind: Planned, Phase: "Pending", At: at(0)},
		}, StepRecord{Action: "create", Phase: "Pending"}},
		{"skipped", []Record{
			{Action: "create", Kind: Planned, Phase: "Pending", At: at(0)},
			{Action: "create", Kind: Skipped, Phase: "Pending", Error: "a failed", At: at(1)},
		}, StepRecord{Action: "create", Phase: "Pending", Error: "a failed", Ended: at(1)}},
		{"tried again", []Record{
			{Action: "update", Kind: Intent, Phase: "Upgrading", Attempt: 1, At: at(1)},
			{Action: "update", Kind: Operation, Phase: "Upgrading", Attempt: 2, Operation: []byte("{}"), Error: "throttled", At: at(2)},
			{Action: "update", Kind: Result, Phase: "UpgradeSucceeded", Attempt: 3, ObjectID: "id", At: at(3)},
		}, StepRecord{Action: "update", Phase: "UpgradeSucceeded", Attempts: 3, Operation: []byte("{}"), ObjectID: "id", Started: at(1), Ended: at(3)}},
		{"at work", []Record{
			{Action: "create", Kind: Planned, Phase: "Pending", DependsOn: []string{"a"}, At: at(0)},
			{Action: "create", Kind: Progress, Phase: "Pending", Detail: &Detail{Message: "its turn"}, At: at(1)},
			{Action: "create", Kind: Intent, Phase: "Creating", Attempt: 1, At: at(2)},
			{Action: "create", Kind: Progress, Phase: "Creating", Attempt: 2, Error: "throttled", Detail: &Detail{Wait: time.Second}, At: at(3)},
		}, StepRecord{Action: "create", Phase: "Creating", Attempts: 2, Error: "throttled", Detail: &Detail{Wait: time.Second}, WaitsFor: []string{"a"}, Started: at(2)}},
		{"progress that came late", []Record{
			{Action: "create", Kind: Intent, Phase: "Creating", Attempt: 1, At: at(1)},
			{Action: "create", Kind: Result, Phase: "CreateSucceeded", Attempt: 1, ObjectID: "id", At: at(3)},
			{Action: "create", Kind: Progress, Phase: "Creating", Attempt: 1, Detail: &Detail{Message: "at work"}, At: at(2)},
		}, StepRecord{Action: "create", Phase: "CreateSucceeded", Attempts: 1, ObjectID: "id", Started: at(1), Ended: at(3)}},
		{"a turn that was told late", []Record{
			{Action: "create", Kind: Planned, Phase: "Pending", At: at(0)},
			{Action: "create", Kind: Intent, Phase: "Creating", Attempt: 1, At: at(2)},
			{Action: "create", Kind: Progress, Phase: "Pending", Detail: &Detail{Message: "its turn", Obstacle: Turn}, At: at(1)},
		}, StepRecord{Action: "create", Phase: "Creating", Attempts: 1, Started: at(2)}},
		{"taken up", []Record{
			{Action: "create", Kind: Halted, Phase: "CreatePaused", Attempt: 1, At: at(1)},
			{Action: "create", Kind: Progress, Phase: "Creating", Attempt: 1, Detail: &Detail{Message: "at work"}, At: at(2)},
		}, StepRecord{Action: "create", Phase: "Creating", Attempts: 1, Detail: &Detail{Message: "at work"}, Started: at(1)}},
		{"replaced", []Record{
			{Action: "replace", Kind: Planned},
			{Action: "delete", Kind: Intent, Phase: "Deleting", At: at(1)},
			{Action: "delete", Kind: Result, Phase: "DeleteSucceeded", At: at(2)},
			{Action: "create", Kind: Intent, Phase: "Creating", At: at(3)},
			{Action: "create", Kind: Halted, Phase: "CreatePaused", Error: "stopped", At: at(4)},
		}, StepRecord{Action: "replace", Phase: "CreatePaused", Deleted: true, Error: "stopped", Started: at(1), Ended: at(4)}},
		{"cancelled, then settled", []Record{
			{Action: "create", Kind: Intent, Phase: "Creating", Attempt: 1, At: at(1)},
			{Action: "create", Kind: Operation, Phase: "Creating", Attempt: 1, Operation: []byte("{}"), At: at(2)},
			{Action: "create", Kind: Halted, Phase: "CreateCancelled", Attempt: 1, Error: "cancelled", At: at(3)},
			{Action: "create", Kind: Result, Phase: "CreateSucceeded", Attempt: 2, ObjectID: "id", At: at(9)},
		}, StepRecord{Action: "create", Phase: "CreateSucceeded", Attempts: 2, Operation: []byte("{}"), ObjectID: "id", Started: at(1), Ended: at(9)}},
		{"cancelled", []Record{
			{Action: "delete", Kind: Intent, Phase: "Deleting", Attempt: 1, At: at(1)},
			{Action: "delete", Kind: Halted, Phase: "DeleteCancelled", Attempt: 1, Error: "cancelled", At: at(3)},
		}, StepRecord{Action: "delete", Phase: "DeleteCancelled", Attempts: 1, Error: "cancelled", Started: at(1), Ended: at(3)}},
		{"forgotten by force", []Record{
			{Action: "delete", Kind: Intent, Phase: "Deleting", Attempt: 1, At: at(1)},
			{Action: "delete", Kind: Result, Phase: "DeleteSucceeded", Attempt: 4, Error: "in use", Remove: true, At: at(2)},
		}, StepRecord{Action: "delete", Phase: "DeleteSucceeded", Attempts: 4, Deleted: true, Error: "in use", Started: at(1), Ended: at(2)}},
		{"renamed before it begins", []Record{
			{Action: "update", Kind: Planned, Phase: "Pending", At: at(0)},
			{Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "id", At: at(0)},
			{Action: "update", Kind: Skipped, Phase: "Pending", Error: "a failed", At: at(5)},
		}, StepRecord{Action: "update", Phase: "Pending", Error: "a failed", Ended: at(5)}},
		{"only renamed", []Record{
			{Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "id", At: at(0)},
			{Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "id", At: at(0)},
		}, StepRecord{Action: "move", Phase: "CreateSucceeded", ObjectID: "id", Started: at(0), Ended: at(0)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff([]StepRecord{c.want}, Fold(c.records)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A renaming is one step, under the new name; names may be exchanged.
func TestFoldRenaming(t *testing.T) {
	got := Fold([]Record{
		{Node: "c", Type: "T", Action: "update", Kind: Planned, Phase: "Pending", ObjectID: "3"},
		{Node: "a", Type: "T", Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "1"},
		{Node: "b", Type: "T", Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "2"},
		{Node: "old", Type: "T", Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "3"},
		{Node: "b", Type: "T", Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "1"},
		{Node: "a", Type: "T", Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "2"},
		{Node: "c", Type: "T", Action: "move", Kind: Result, Phase: "CreateSucceeded", ObjectID: "3"},
	})
	want := []StepRecord{
		{Node: "c", Type: "T", Action: "update", Phase: "Pending", ObjectID: "3", RenamedFrom: "old"},
		{Node: "b", Type: "T", Action: "move", Phase: "CreateSucceeded", ObjectID: "1", RenamedFrom: "a"},
		{Node: "a", Type: "T", Action: "move", Phase: "CreateSucceeded", ObjectID: "2", RenamedFrom: "b"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
