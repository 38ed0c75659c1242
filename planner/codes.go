package planner

import "github.com/orchestrate-tosca/orchestrate/dsl/diag"

// The codes of what a plan refuses; their texts are in diag's table.
const (
	CodeDataLoss    diag.Code = "PLAN001" // destroying an element that holds data
	CodeReplaceLoss diag.Code = "PLAN002" // replacing an element that holds data
	CodeStale       diag.Code = "PLAN003" // a plan file that no longer fits
	CodeCycle       diag.Code = "PLAN004" // steps that wait for each other
	CodePlanFile    diag.Code = "PLAN005" // a plan file that cannot be read
	CodeNoNode      diag.Code = "PLAN006" // --replace names a node that the stack does not have
	CodeNoConsent   diag.Code = "PLAN007" // --allow-data-loss names one
)
