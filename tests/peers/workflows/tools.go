//go:build tools

// What checks the workflows of .github and of examples/ci.
package workflows

import _ "github.com/rhysd/actionlint/cmd/actionlint"
