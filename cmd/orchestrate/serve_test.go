package main

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// serveCloud has an emulator listen until the test ends; with the environment a
// command reaches it as its first tenant.
func serveCloud(t *testing.T, o emulator.Options) (cloud *emulator.Emulator, url string, env []string) {
	t.Helper()
	o.Contracts = sharedContracts
	cloud, err := emulator.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(cloud)
	t.Cleanup(func() {
		server.Close()
		cloud.Close()
	})
	env = []string{"ORCHESTRATE_CLOUD=" + server.URL}
	for k, v := range cloud.Env() {
		env = append(env, k+"="+v)
	}
	return cloud, server.URL, env
}
