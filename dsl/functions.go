package dsl

import (
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
)

// The functions of the language (section 7).
const (
	GetInput      = "get_input"
	GetAttribute  = "get_attribute"
	GetReference  = "get_reference"
	GetInMap      = "get_in_map"
	Concat        = "concat"
	Split         = "split"
	Select        = "select"
	GetListLength = "get_list_length"
	Base64Encode  = "base64_encode"
	Replace       = "replace"
	CondEq        = "cond_eq"
	CondNot       = "cond_not"
	CondAnd       = "cond_and"
	CondOr        = "cond_or"
	CondIf        = "cond_if"
	GetEach       = "get_each" // not in AOS
)

// The functions that an expansion puts in; no blueprint can name them.
const (
	// FitInput converts its argument to the type of the input in Scalar.
	FitInput = "fit_input"
	// MarkSensitive marks its argument as sensitive.
	MarkSensitive = "mark_sensitive"
	// StepInto takes a list: a value and the keys that lead into it.
	StepInto = "step_into"
	// NotKnown stands for what only the run will tell. It has no argument.
	NotKnown = "not_known"
)

// place is where an expression stands, which limits its functions.
type place uint8

const (
	inProperties place = 1 << iota
	inOutputs
	inConditions // also the first argument of cond_if
	inConstants  // defaults, constraints, mappings
	anywhere     = inProperties | inOutputs | inConditions
)

// function says where a function may stand and how its argument looks. After
// fits the argument has the form that usage shows: evaluation relies on it.
type function struct {
	places place
	usage  string
	fits   func(arg *Value) bool
}

// lookupFunction returns the definition of a function of the language.
func lookupFunction(name string) (function, bool) {
	switch name {
	case GetInput:
		return function{anywhere, "{get_input: NAME}", isName}, true
	case GetAttribute:
		return function{inProperties | inOutputs, "{get_attribute: [NODE, ATTRIBUTE, KEY...]}", func(a *Value) bool {
			return len(a.Items) >= 2 && isName(a.Items[0]) && isName(a.Items[1])
		}}, true
	case GetReference:
		return function{inProperties | inOutputs, "{get_reference: NODE}", isName}, true
	case GetInMap:
		return function{anywhere, "{get_in_map: [MAPPING, OBJECT, ATTRIBUTE]}", func(a *Value) bool {
			return len(a.Items) == 3 && isName(a.Items[0])
		}}, true
	case Concat:
		return function{anywhere, "{concat: [PART, ...]}", isListOrCall}, true
	case Split:
		return function{anywhere, "{split: [DELIMITER, TEXT]}", hasItems(2, 2)}, true
	case Select:
		return function{anywhere, "{select: [INDEX, LIST]}", func(a *Value) bool {
			return len(a.Items) == 2 && isListOrCall(a.Items[1])
		}}, true
	case GetListLength:
		return function{anywhere, "{get_list_length: LIST}", func(a *Value) bool {
			return a.Kind == List || a.Kind == Call // an empty list has a length too
		}}, true
	case Base64Encode:
		return function{anywhere, "{base64_encode: TEXT}", func(a *Value) bool {
			return a.Kind != List && a.Kind != Map && a.Kind != Null
		}}, true
	case Replace:
		return function{anywhere, "{replace: [TEXT, {KEY: VALUE, ...}]}", func(a *Value) bool {
			return len(a.Items) == 2 && (a.Items[1].Kind == Map || a.Items[1].Kind == Call)
		}}, true
	case GetEach:
		return function{inProperties, "{get_each: key}, {get_each: value} or {get_each: [value, KEY...]}", isEach}, true
	}
	return lookupCondition(name)
}

// lookupCondition returns the functions of section 7.5.
func lookupCondition(name string) (function, bool) {
	switch name {
	case CondEq:
		return function{inConditions, "{cond_eq: [A, B]}", hasItems(2, 2)}, true
	case CondNot:
		return function{inConditions, "{cond_not: CONDITION}", isCondition}, true
	case CondAnd:
		return function{inConditions, "{cond_and: [CONDITION, CONDITION, ...]} with 2 to 10 members", areConditions}, true
	case CondOr:
		return function{inConditions, "{cond_or: [CONDITION, CONDITION, ...]} with 2 to 10 members", areConditions}, true
	case CondIf:
		return function{anywhere, "{cond_if: [CONDITION, VALUE IF TRUE, VALUE IF FALSE]}", func(a *Value) bool {
			return len(a.Items) == 3 && isCondition(a.Items[0])
		}}, true
	}
	return function{}, false
}

func isName(v *Value) bool { return v.Kind == String && v.Scalar != "" }

// isEach accepts key, value, and a list that begins with value.
func isEach(v *Value) bool {
	if v.Kind == String {
		return v.Scalar == "key" || v.Scalar == "value"
	}
	if len(v.Items) < 2 || v.Items[0].Scalar != "value" {
		return false
	}
	for _, i := range v.Items {
		if i.Kind != String && i.Kind != Int {
			return false
		}
	}
	return true
}

func isListOrCall(v *Value) bool { return v.Kind == List && len(v.Items) > 0 || v.Kind == Call }

func isCondition(v *Value) bool {
	return v.Kind == Call || v.Kind == Bool || isName(v)
}

func areConditions(a *Value) bool {
	if len(a.Items) < 2 || len(a.Items) > 10 {
		return false
	}
	for _, i := range a.Items {
		if !isCondition(i) {
			return false
		}
	}
	return true
}

func hasItems(least, most int) func(*Value) bool {
	return func(a *Value) bool { return a.Kind == List && len(a.Items) >= least && len(a.Items) <= most }
}

// foreign tells what to write for functions of other template languages; ok
// is false for a key that is data.
func foreign(name string, listArgument bool) (advice string, ok bool) {
	switch name {
	case "get_property":
		return "Write the value again, or read the attribute of the deployed element with get_attribute.", true
	case "get_attr":
		return "Use get_attribute.", true
	case "get_param":
		return "Use get_input.", true
	case "get_resource":
		return "Use get_reference.", true
	case "str_replace":
		return "Use replace: [TEXT, {KEY: VALUE}], which fills ${KEY}.", true
	case "get_operation_output", "get_nodes_of_type", "get_artifact", "get_secret", "get_file":
		return "The language has nothing like it.", true
	case "Ref":
		return "Use get_input for inputs and get_reference for node templates.", true
	}
	if strings.HasPrefix(name, "Fn::") {
		return "It belongs to another template language.", true
	}
	// These are plausible keys of data too, so only their argument tells.
	if listArgument {
		switch name {
		case "token":
			return "Use select: [INDEX, {split: [DELIMITER, TEXT]}].", true
		case "join", "list_join":
			return "Use concat.", true
		}
	}
	return "", false
}

// call turns a map of one key into a call if the key names a function; nil if
// it is data.
func (p *parser) call(v *Value, at place) *Value {
	name, arg := v.Entries[0].Key, v.Entries[0].Value
	f, ok := lookupFunction(name.Text)
	if !ok {
		if advice, is := foreign(name.Text, arg.Kind == List); is {
			p.diags.Add("DSL111", name.Range, "%s is not a function of blueprints. %s", name.Text, advice)
			return &Value{Kind: Null, Range: v.Range}
		}
		return nil
	}
	if f.places&at == 0 {
		p.misplaced(name, at)
		return &Value{Kind: Null, Range: v.Range}
	}
	if (name.Text == GetInput || name.Text == GetReference) && arg.Kind == List && len(arg.Items) == 1 {
		arg = arg.Items[0]
	}
	if !f.fits(arg) {
		p.diags.Add("DSL112", arg.Range, "The argument does not fit: the function is written %s.", f.usage)
		return &Value{Kind: Null, Range: v.Range}
	}
	if name.Text == GetEach {
		p.eachUses = append(p.eachUses, name.Range)
	}
	return &Value{Kind: Call, Function: name, Argument: arg, Range: v.Range}
}

func (p *parser) misplaced(name Name, at place) {
	var why string
	switch {
	case name.Text == GetEach:
		why = "It belongs into the properties of a node template with count or for_each."
	case at == inConstants:
		why = "Defaults, constraints and mappings are constants; functions belong into properties, outputs and conditions."
	case at == inConditions:
		why = "Conditions are decided before anything is deployed, so they can read inputs and mappings only."
	default:
		why = "Give the comparison a name under conditions, and use that name with cond_if or as a node's condition."
	}
	p.diags = append(p.diags, diag.New("DSL116", name.Range, "%s can't be used here. %s", name.Text, why))
}
