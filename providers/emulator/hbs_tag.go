package emulator

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxTags is how many an instance may have: what the vendor's other services allow.
const maxTags = 20

// hbsTag is a tag of an instance.
type hbsTag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// The forms of tags (2.5.8.1, whose lists of symbols are damaged).
var (
	tagKeyForm   = regexp.MustCompile(`^[\p{L}\p{N}_.:=+@-]([\p{L}\p{N} _.:=+@-]*[\p{L}\p{N}_.:=+@-])?$`)
	tagValueForm = regexp.MustCompile(`^[\p{L}\p{N} _.:/=+@-]*$`)
)

func (t hbsTag) check() error {
	switch {
	case !tagKeyForm.MatchString(t.Key) || strings.HasPrefix(t.Key, "_sys_"):
		return badParameter("key", "has letters, digits, spaces inside and _.:=+-@, and does not begin with _sys_")
	case !tagValueForm.MatchString(t.Value):
		return badParameter("value", "has letters, digits, spaces and _.:/=+-@")
	}
	return nil
}

// tagRequest is the body of both changes.
func (c *call) tagRequest() (*hbsInstance, []hbsTag, error) {
	i, err := c.hbs()
	if err != nil {
		return nil, nil, err
	}
	var body struct {
		Tags []hbsTag `json:"tags"`
	}
	if err := c.decode(&body); err != nil {
		return nil, nil, err
	}
	for _, t := range body.Tags {
		if err := t.check(); err != nil {
			return nil, nil, err
		}
	}
	return i, body.Tags, nil
}

func (i *hbsInstance) tag(key string) int {
	return slices.IndexFunc(i.Tags, func(t hbsTag) bool { return t.Key == key })
}

// createTags answers CreateResourceTags (2.5.8.2). A key that is there gets the
// new value.
func createTags(c *call) (reply, error) {
	i, tags, err := c.tagRequest()
	if err != nil {
		return reply{}, err
	}
	for _, t := range tags {
		if at := i.tag(t.Key); at >= 0 {
			i.Tags[at] = t
		} else {
			i.Tags = append(i.Tags, t)
		}
	}
	if len(i.Tags) > maxTags {
		return reply{}, badParameter("tags", "an instance has at most "+strconv.Itoa(maxTags)+" tags")
	}
	if err := c.put(i); err != nil {
		return reply{}, err
	}
	return nothing()
}

// deleteTags answers DeleteResourceTags (2.5.8.3). Only the key counts, and one
// that is not there is no error.
func deleteTags(c *call) (reply, error) {
	i, tags, err := c.tagRequest()
	if err != nil {
		return reply{}, err
	}
	for _, t := range tags {
		if at := i.tag(t.Key); at >= 0 {
			i.Tags = slices.Delete(i.Tags, at, at+1)
		}
	}
	if err := c.put(i); err != nil {
		return reply{}, err
	}
	return nothing()
}

// listTags answers ListResourceTags (2.5.8.1), sorted by key.
func listTags(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	tags := slices.SortedFunc(slices.Values(i.Tags), func(a, b hbsTag) int { return strings.Compare(a.Key, b.Key) })
	if tags == nil {
		tags = []hbsTag{}
	}
	return answer(map[string]any{"tags": tags})
}
