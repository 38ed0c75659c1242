// Package policytest runs rules that were written for OpenTofu's plan JSON over
// the plan documents of this program: in Open Policy Agent's language, and
// through the reader that Go tools for OpenTofu use. It has tests only.
package policytest
