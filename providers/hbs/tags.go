package hbs

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Tags:
var (
	listResourceTags   = operation[instanceRequest, listTagsAnswer]{name: "ListResourceTags", method: http.MethodGet, path: "huaweicloudchain/{instance_id}/tags"}
	createResourceTags = operation[tagsRequest, answered]{name: "CreateResourceTags", method: http.MethodPost, path: "huaweicloudchain/{instance_id}/tags/create"}
	deleteResourceTags = operation[tagsRequest, answered]{name: "DeleteResourceTags", method: http.MethodDelete, path: "huaweicloudchain/{instance_id}/tags/delete"}
)

type (
	tagsRequest struct {
		Instance string   `json:"instance_id" at:"path"`
		Body     *tagList `json:"body" at:"body"`
	}
	tagList struct {
		Tags []tag `json:"tags"`
	}
	listTagsAnswer struct {
		Tags []tag `json:"tags"`
		answered
	}
	tag struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
)

// tags provides HBS.Tags: some tags of an instance. Others, with other keys, are
// left alone. To set or remove a tag twice does no harm, so nothing is looked for
// after a lost answer.
type tags struct {
	api
	huaweicloud.LooksFirst
	providers.WellIfThere
}

// tagProperties are the properties of tags.
type tagProperties struct {
	Instance string            `json:"instanceId"`
	Tags     map[string]string `json:"tags"`
}

// tagsSuffix makes the ID of tags of that of their instance.
const tagsSuffix = "tags"

// Advance implements providers.Provider: first what is to be set, then what is to
// be removed.
func (p tags) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	var want, have tagProperties
	if err := providers.Decode(req.Properties, &want); err != nil {
		return providers.Progress{}, err
	}
	if err := providers.Decode(req.Prior, &have); err != nil {
		return providers.Progress{}, err
	}
	id := huaweicloud.JoinPath(want.Instance, tagsSuffix)
	if req.Action == providers.Delete {
		want, have = tagProperties{Instance: want.Instance}, want
	}
	there, err := p.there(ctx, want.Instance)
	if huaweicloud.Gone(err) && req.Action == providers.Delete {
		return providers.Progress{Done: true}, nil
	}
	if err != nil {
		return providers.Progress{}, err
	}
	next := providers.Progress{Next: providers.Operation{Stage: huaweicloud.StageSend, ObjectID: id}}
	if req.Action == providers.Create && op.Stage == "" {
		return next, p.free(want, there)
	}
	set, remove := difference(want.Tags, have.Tags, there)
	switch {
	case len(remove) > 0 && req.Settling && req.Action == providers.Delete:
		if p.showsLate(op, noteRemoved, time.Now()) {
			return notShown(op, noteRemoved, len(remove)), nil
		}
		return providers.Progress{}, huaweicloud.Remains("the tags are still there")
	case (len(set) > 0 || len(remove) > 0) && req.Settling:
		// Nothing new is sent; what is set already stays, and the next plan sees it.
		if req.Action == providers.Create && len(set) == len(want.Tags) {
			return providers.Progress{Done: true}, nil
		}
	case len(set) > 0:
		return p.send(ctx, op, next, createResourceTags, noteSet, &tagsRequest{want.Instance, &tagList{set}})
	case len(remove) > 0:
		return p.send(ctx, op, next, deleteResourceTags, noteRemoved, &tagsRequest{want.Instance, &tagList{remove}})
	}
	if req.Action == providers.Delete {
		return providers.Progress{Done: true}, nil
	}
	recorded := want.Tags
	if req.Settling { // what was to be removed and is not would be nobody's else
		recorded = maps.Clone(want.Tags)
		maps.Copy(recorded, have.Tags)
	}
	return done(tagsObject(id, there, recorded)), nil
}

// Notes of an operation: when tags were set or removed last, which may show late.
const (
	noteSet     = "set"
	noteRemoved = "removed"
)

// send makes a change, or waits for one to show that was made already.
func (p tags) send(ctx context.Context, op providers.Operation, next providers.Progress, o operation[tagsRequest, answered], note string, q *tagsRequest) (providers.Progress, error) {
	now := time.Now()
	if p.showsLate(op, note, now) {
		return notShown(op, note, len(q.Body.Tags)), nil
	}
	next.Next.Note = op.Note
	next.Next = noted(next.Next, note, now.UTC().Format(time.RFC3339Nano))
	_, err := o.change(ctx, p.api, q)
	return next, err
}

// showsLate reports whether a change was made so lately that it may not be shown yet.
func (p tags) showsLate(op providers.Operation, note string, now time.Time) bool {
	at, err := time.Parse(time.RFC3339Nano, op.Note[note])
	return err == nil && now.Sub(at) < p.c.Late()
}

func notShown(op providers.Operation, note string, count int) providers.Progress {
	return providers.Progress{Next: op, After: poll, Message: fmt.Sprintf("tags that were %s and are not shown so yet: %d", note, count)}
}

// free refuses to take over tags that are there already.
func (p tags) free(want tagProperties, there map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(want.Tags)) {
		if _, taken := there[key]; taken {
			return huaweicloud.Exists("a tag", key, "Choose another key, or remove it from the instance if nobody needs it.")
		}
	}
	return nil
}

// difference is what has to be set and removed, sorted by key.
func difference(want, have, there map[string]string) (set, remove []tag) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if value, ok := there[key]; !ok || value != want[key] {
			set = append(set, tag{key, want[key]})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		value, ok := there[key]
		if _, wanted := want[key]; ok && !wanted {
			remove = append(remove, tag{key, value})
		}
	}
	return set, remove
}

func (p tags) there(ctx context.Context, instance string) (map[string]string, error) {
	r, err := listResourceTags.read(ctx, p.api, &instanceRequest{instance})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, t := range r.Tags {
		out[t.Key] = t.Value
	}
	return out, nil
}

// tagsObject are those tags that are there of the ones that count; of all if none
// is recorded.
func tagsObject(id string, there, recorded map[string]string) *providers.Object {
	read := map[string]any{}
	for key, value := range there {
		if _, ok := recorded[key]; ok || len(recorded) == 0 {
			read[key] = value
		}
	}
	instance := strings.TrimSuffix(id, "/"+tagsSuffix)
	return &providers.Object{
		ID:         id,
		Attributes: map[string]any{"refID": id, "refName": tagsSuffix},
		Properties: map[string]any{"instanceId": instance, "tags": read},
	}
}

// Read implements providers.Provider. Tags are gone when none of them is left.
func (p tags) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.Tags", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	var have tagProperties
	if err := providers.Decode(huaweicloud.Recorded(req), &have); err != nil {
		return nil, err
	}
	there, err := p.there(ctx, parts[0])
	if err != nil {
		return nil, err
	}
	o := tagsObject(req.ObjectID, there, have.Tags)
	if read, ok := o.Properties["tags"].(map[string]any); ok && len(read) == 0 {
		return nil, huaweicloud.Absent("the tags of instance", parts[0])
	}
	return o, nil
}

// ReadAll implements providers.Lister.
func (p tags) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}
