package hbs

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Contracts of Besu:
var (
	createBesuContracts = operation[instanceRequest, result]{name: "CreateBesuContracts", method: http.MethodPost, path: "besu/instances/{instance_id}/chain/contracts"}
	listBesuContracts   = operation[instancePageRequest, listBesuContractsAnswer]{name: "ListBesuContracts", method: http.MethodGet, path: "besu/instances/{instance_id}/chain/contracts"}
)

type (
	listBesuContractsAnswer struct {
		Contracts []besuContractInfo `json:"contracts"`
		answered
	}
	besuContractInfo struct {
		Address     string `json:"address"`
		Status      string `json:"status"`
		ABI         string `json:"abi"`
		Bytecode    string `json:"bytecode"`
		Description string `json:"description"`
		Created     string `json:"create_time"`
	}
)

// maxContractText bounds the description that a contract is given if it has none.
const maxContractText = 64

// besuContract provides HBS.BesuContract: a contract on a Besu chain. The answer to
// its deployment has no address, so what is there with its code and description is
// compared with what was there before. What is on a chain stays there.
type besuContract struct {
	api
	huaweicloud.LooksFirst
}

// besuProperties are the properties of a contract of Besu.
type besuProperties struct {
	Instance    string `json:"instanceId"`
	ABI         string `json:"abi"`
	Bytecode    string `json:"bytecode"`
	InitParam   string `json:"initParam"`
	Description string `json:"description"`
}

func besuWanted(req *providers.Request) (besuProperties, error) {
	var want besuProperties
	err := providers.Decode(req.Properties, &want)
	if want.Description == "" {
		want.Description = huaweicloud.Name(&providers.Request{Stack: req.Stack, Node: req.Node}, maxContractText)
	}
	return want, err
}

func (w besuProperties) form() *huaweicloud.Form {
	f := &huaweicloud.Form{Fields: []huaweicloud.Field{
		{Name: "abi", Text: w.ABI}, {Name: "bytecode", Text: w.Bytecode}, {Name: "description", Text: w.Description},
	}}
	if w.InitParam != "" {
		f.Fields = append(f.Fields, huaweicloud.Field{Name: "init_param", Text: w.InitParam})
	}
	return f
}

// Advance implements providers.Provider.
func (p besuContract) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return p.create(ctx, req, op, resumed)
	case providers.Delete:
		return providers.Progress{Done: true}, nil // there is no call for it
	}
	o, err := p.Read(ctx, req) // everything is immutable
	return done(o), err
}

func (p besuContract) create(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	want, err := besuWanted(req)
	if err != nil {
		return providers.Progress{}, err
	}
	return huaweicloud.Creation{
		What:    "contract",
		Request: req,
		Late:    p.c.Late(),
		Look: func(ctx context.Context) (map[string]string, error) {
			all, err := p.found(ctx, want)
			return huaweicloud.Existing(all), err
		},
		Send: func(ctx context.Context, op providers.Operation) (providers.Operation, error) {
			if _, err := createBesuContracts.upload(ctx, p.api, &instanceRequest{want.Instance}, want.form()); err != nil {
				return providers.Operation{}, p.explain(ctx, want.Instance, err)
			}
			return providers.Operation{Note: op.Note}, nil
		},
		Find: func(ctx context.Context) ([]huaweicloud.Found, error) { return p.found(ctx, want) },
		Wait: func(ctx context.Context, op providers.Operation) (providers.Progress, error) {
			return p.created(ctx, req, want, op)
		},
	}.Advance(ctx, op, resumed)
}

// created finds the contract that was not there before, and waits until it is on
// the chain.
func (p besuContract) created(ctx context.Context, req *providers.Request, want besuProperties, op providers.Operation) (providers.Progress, error) {
	wait := providers.Progress{Next: op, After: poll}
	if op.ObjectID == "" {
		all, err := p.found(ctx, want)
		if err != nil {
			return wait, err
		}
		ours, err := huaweicloud.Pick(ctx, "contract", op, req, all)
		if err != nil || ours == nil {
			wait.Message = "the contract is not listed yet"
			return wait, err
		}
		wait.Next.ObjectID, wait.After = ours.ID, 0
		return wait, nil
	}
	c, err := p.contract(ctx, op.ObjectID)
	switch {
	case huaweicloud.Gone(err):
		wait.Message = "the contract is not listed any more"
		return wait, nil
	case err != nil:
		return wait, err
	case c.Status == contractInstalling:
		wait.Message = "the contract is being deployed at " + c.Address
		return wait, nil
	case c.Status == contractFailed:
		return wait, &providers.Error{
			Kind: providers.Failed, Operation: listBesuContracts.name, Message: "the contract at " + c.Address + " could not be deployed",
			Advice: "Check abi, bytecode and initParam, and look at the chain on the console; then apply again, which deploys another one.",
		}
	}
	return done(p.object(op.ObjectID, c, req)), nil
}

// found lists the contracts of an instance. The code and the description of one
// never change.
func (p besuContract) found(ctx context.Context, want besuProperties) ([]huaweicloud.Found, error) {
	all, err := p.besuContracts(ctx, want.Instance)
	var out []huaweicloud.Found
	for _, c := range all {
		f := huaweicloud.Found{Candidate: providers.Candidate{
			ID: huaweicloud.JoinPath(want.Instance, c.Address), Name: c.Description, Parent: "instance " + want.Instance,
			Created: moment(c.Created), Work: "contract at " + c.Address,
		}}
		switch {
		case !sameCode(c.Bytecode, want.Bytecode):
			f.Against = "it has other code"
		case c.Description != want.Description:
			f.Against = "it has another description"
		}
		out = append(out, f)
	}
	return out, err
}

func (a api) besuContracts(ctx context.Context, instance string) ([]besuContractInfo, error) {
	return pages(chainPage, func(offset, limit int) ([]besuContractInfo, error) {
		r, err := listBesuContracts.read(ctx, a, &instancePageRequest{instance, offset, limit})
		if err != nil {
			return nil, err
		}
		return r.Contracts, nil
	})
}

// contract returns a contract by the ID of its object, or an error of kind NotFound.
func (p besuContract) contract(ctx context.Context, id string) (*besuContractInfo, error) {
	parts, err := huaweicloud.SplitPath("HBS.BesuContract", id, "instance", 2)
	if err != nil {
		return nil, err
	}
	all, err := p.besuContracts(ctx, parts[0])
	if err != nil {
		return nil, err
	}
	for i := range all {
		if strings.EqualFold(all[i].Address, parts[1]) {
			return &all[i], nil
		}
	}
	return nil, huaweicloud.Absent("contract", parts[1])
}

// Read implements providers.Provider.
func (p besuContract) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	c, err := p.contract(ctx, req.ObjectID)
	if err != nil {
		return nil, err
	}
	return p.object(req.ObjectID, c, req), nil
}

// object is a contract as it is on record. Code never changes on a chain, so what
// says the same in another spelling is told as it is on record: a false difference
// would deploy another contract. What it was initialized with nobody tells.
func (p besuContract) object(id string, c *besuContractInfo, req *providers.Request) *providers.Object {
	instance, _, _ := strings.Cut(id, "/")
	recorded := huaweicloud.Recorded(req)
	properties := map[string]any{"instanceId": instance, "abi": c.ABI, "bytecode": c.Bytecode, "description": c.Description}
	if was := providers.Text(recorded["bytecode"]); sameCode(was, c.Bytecode) {
		properties["bytecode"] = was
	}
	if was := providers.Text(recorded["abi"]); sameJSON(was, c.ABI) {
		properties["abi"] = was
	}
	if given, known := recorded["description"]; known && providers.Text(given) == "" {
		properties["description"] = "" // it is the one that we chose
	}
	return &providers.Object{
		ID: id,
		Attributes: map[string]any{
			"refID": id, "refName": c.Address, "address": c.Address, "status": c.Status, "createTime": c.Created,
		},
		Properties: properties,
	}
}

// sameCode compares code in hexadecimal.
func sameCode(a, b string) bool { return strings.EqualFold(bareCode(a), bareCode(b)) }

func bareCode(code string) string {
	code = strings.TrimSpace(code)
	if len(code) > 1 && strings.EqualFold(code[:2], "0x") {
		return code[2:]
	}
	return code
}

// sameJSON reports whether two texts are the same JSON.
func sameJSON(a, b string) bool {
	var x, y any
	return a == b || json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// ReadAll implements providers.Lister.
func (p besuContract) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Search implements providers.Searcher.
func (p besuContract) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	want, err := besuWanted(req)
	if err != nil {
		return nil, err
	}
	all, err := p.found(ctx, want)
	return huaweicloud.Fresh(op, all), err
}
