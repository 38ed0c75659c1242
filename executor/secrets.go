package executor

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// minSecret is the length from which a secret text is looked for inside other
// texts; shorter ones would be found everywhere.
const minSecret = 4

// document puts a value into the form of the store.
func document(v intrinsic.Value) state.Document {
	return state.Document{Value: v.Plain(), Sensitive: v.SensitivePaths()}
}

// value is the inverse of document.
func value(d state.Document) intrinsic.Value { return intrinsic.OfMarked(d.Value, d.Sensitive) }

// secretsOf lists the sensitive parts of a value.
func secretsOf(v intrinsic.Value) []intrinsic.Value {
	if v.IsSensitive() {
		return []intrinsic.Value{v}
	}
	var out []intrinsic.Value
	items, _ := v.List()
	for _, i := range items {
		out = append(out, secretsOf(i)...)
	}
	if m, ok := v.Map(); ok {
		for _, k := range v.Keys() {
			out = append(out, secretsOf(m[k])...)
		}
	}
	return out
}

// texts lists the texts inside a value that are long enough to be looked for.
func texts(v intrinsic.Value) []string {
	var out []string
	if s, ok := v.Scalar(); ok {
		if text, ok := s.(string); ok && len(text) >= minSecret {
			out = append(out, text)
		}
		return out
	}
	items, _ := v.List()
	for _, i := range items {
		out = append(out, texts(i)...)
	}
	if m, ok := v.Map(); ok {
		for _, k := range v.Keys() {
			out = append(out, texts(m[k])...)
		}
	}
	return out
}

// redactor takes secrets out of texts that a cloud answers with.
type redactor struct{ secrets []string }

// learn adds the secrets of a value.
func (r *redactor) learn(v intrinsic.Value) {
	for _, s := range secretsOf(v) {
		for _, text := range texts(s) {
			if !slices.Contains(r.secrets, text) {
				r.secrets = append(r.secrets, text)
			}
		}
	}
}

func (r *redactor) text(s string) string {
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, intrinsic.SensitiveText)
	}
	return s
}

// err returns err, or what can be told of it if it holds a secret.
func (r *redactor) err(err error) error {
	if err == nil {
		return nil
	}
	var asked *Question
	if errors.As(err, &asked) {
		return &Question{Node: asked.Node, Type: asked.Type, QuestionError: r.question(asked.QuestionError)}
	}
	var q *providers.QuestionError
	if errors.As(err, &q) {
		return r.question(q)
	}
	told := r.text(err.Error())
	var e *providers.Error
	isProviders := errors.As(err, &e)
	if told == err.Error() && (!isProviders || r.text(e.Message+e.Advice) == e.Message+e.Advice) {
		return err
	}
	if !isProviders {
		return errors.New(told)
	}
	safe := *e
	safe.Message, safe.Advice, safe.Err = r.text(e.Message), r.text(e.Advice), nil
	if e.Message == "" && e.Err != nil {
		safe.Message = r.text(e.Err.Error())
	}
	return &safe
}

// question is q as it may be told. Names and what differs from the order may be
// secrets; IDs are the cloud's.
func (r *redactor) question(q *providers.QuestionError) *providers.QuestionError {
	safe := *q
	safe.Candidates, safe.Others = r.candidates(q.Candidates), r.candidates(q.Others)
	return &safe
}

func (r *redactor) candidates(all []providers.Candidate) []providers.Candidate {
	out := slices.Clone(all)
	for i := range out {
		for _, text := range []*string{&out[i].Name, &out[i].Parent, &out[i].Work, &out[i].Against, &out[i].Doubt} {
			*text = r.text(*text)
		}
	}
	return out
}

// sensitiveAttributes names the attributes that a node type calls sensitive,
// as a whole or in part.
func sensitiveAttributes(typ *dsl.NodeType) []string {
	if typ == nil {
		return nil
	}
	var out []string
	for name, p := range typ.Attributes {
		if sensitive(p) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func sensitive(p *dsl.Property) bool {
	if p == nil {
		return false
	}
	if p.Sensitive || sensitive(p.Items) || sensitive(p.Additional) {
		return true
	}
	for _, q := range p.Properties {
		if sensitive(q) {
			return true
		}
	}
	return false
}

// attributes marks what must stay secret of what a provider returned: the
// attributes that are declared so, and whatever repeats a secret property.
func attributes(plain map[string]any, declared []string, properties intrinsic.Value) intrinsic.Value {
	secrets := secretsOf(properties)
	out := make(map[string]intrinsic.Value, len(plain))
	for name, v := range plain {
		a := intrinsic.Of(v)
		if slices.Contains(declared, name) {
			out[name] = a.MarkSensitive()
		} else {
			out[name] = taint(a, secrets)
		}
	}
	return intrinsic.Of(out)
}

// taint marks the parts of v that equal one of the secrets or, as texts,
// contain one.
func taint(v intrinsic.Value, secrets []intrinsic.Value) intrinsic.Value {
	if len(secrets) == 0 {
		return v
	}
	for _, s := range secrets {
		if repeats(v, s) {
			return v.MarkSensitive()
		}
	}
	if items, ok := v.List(); ok {
		out := make([]intrinsic.Value, len(items))
		for i := range items {
			out[i] = taint(items[i], secrets)
		}
		return intrinsic.Of(out)
	}
	if m, ok := v.Map(); ok {
		out := make(map[string]intrinsic.Value, len(m))
		for k, e := range m {
			out[k] = taint(e, secrets)
		}
		return intrinsic.Of(out)
	}
	return v
}

func repeats(v, secret intrinsic.Value) bool {
	s, scalar := v.Scalar()
	if !scalar {
		return v.Equal(secret)
	}
	switch s := s.(type) {
	case nil, bool:
		return false
	case string:
		if slices.ContainsFunc(texts(secret), func(t string) bool { return strings.Contains(s, t) }) {
			return true
		}
		return s != "" && v.Equal(secret)
	case int64:
		t, ok := secret.Scalar()
		return ok && t == strconv.FormatInt(s, 10) || v.Equal(secret)
	}
	return v.Equal(secret)
}
