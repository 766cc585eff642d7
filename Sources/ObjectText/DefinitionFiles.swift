import Objects

/// The kinds' CustomResourceDefinitions as files, for a kube-apiserver.
package enum DefinitionFiles {
    /// `infra.virtrigaud.io_virtualmachines.yaml` and its text, and so on.
    package static var all: [(name: String, text: String)] {
        KindSchema.all.compactMap { schema in
            schema.customResourceDefinition.map { definition in
                ("\(schema.kind.group)_\(schema.kind.plural).yaml", "\(head)\n\(YAMLText.text(of: definition))")
            }
        }
    }

    private static let head = "# Made from the program by `make docs`; docs/objects.md has the same for people."
}
