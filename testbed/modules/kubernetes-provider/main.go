// Serves the Kubernetes provider as the plugin `pulumi-resource-kubernetes`, version 4.25.0.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// schema.json comes from the module itself; testbed.toolchain puts it here while it builds.
//
//go:embed schema.json
var schema []byte

func main() {
	provider.Serve("kubernetes", "4.25.0", schema, []byte("{}"))
}
