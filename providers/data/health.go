package data

import (
	"context"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Health implements providers.HealthReader: is the file as it is on record?
func (file) Health(_ context.Context, req *providers.Request, o *providers.Object) (h providers.Health, _ error) {
	if want := req.Properties["content"]; want != nil && want != o.Properties["content"] {
		h.Add(providers.Symptom{
			Condition: providers.Abnormal, Message: "Its content is another one than on record.", Advice: "See what a plan says; an apply puts it back.",
		})
	}
	if want, is := req.String("mode"), providers.Text(o.Properties["mode"]); want != "" && want != is {
		h.Add(providers.Symptom{
			Condition: providers.Abnormal, Message: "Its mode is " + is + " instead of " + want + ".", Advice: "See what a plan says; an apply puts it back.",
		})
	}
	return h, nil
}
