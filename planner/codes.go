package planner

import "github.com/orchestrate-tosca/orchestrate/dsl/diag"

// The codes of what a plan refuses; their texts are in diag's table.
const (
	CodeDataLoss    diag.Code = "PLAN001" // destroying an element that holds data
	CodeReplaceLoss diag.Code = "PLAN002" // replacing an element that holds data
	CodeStale       diag.Code = "PLAN003" // a plan file that no longer fits
	CodeCycle       diag.Code = "PLAN004" // steps that wait for each other
	CodePlanFile    diag.Code = "PLAN005" // a plan file that cannot be read
	CodeNoNode      diag.Code = "PLAN006" // an option names a node that the stack does not have
	CodeNoConsent   diag.Code = "PLAN007" // --allow-data-loss names one

	CodeImpossibleRename diag.Code = "PLAN008" // a renamed_from that can't be
	CodeNotPlanned       diag.Code = "PLAN009" // an option names a node that is not planned for
	CodeCannotRetain     diag.Code = "PLAN010" // what is to stay is in what goes
	CodeCannotReturn     diag.Code = "PLAN011" // a rollback can't give an element back
	CodeNotMadeAgain     diag.Code = "PLAN012" // a rollback has nothing to make an element from
	CodeSecondObject     diag.Code = "PLAN013" // a rollback makes what was retained once more
	CodeCannotSkip       diag.Code = "PLAN014" // a rollback can't leave a node out
)
