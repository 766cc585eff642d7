import ObjectText
import Objects
import Primitives
import Settings

/// `martlet-manager crds`
enum DefinitionsCommand {
    static let command = Command(
        "crds", "Prints the CustomResourceDefinitions of all kinds, for kubectl apply -f -",
        flags: [Flag("directory", "DIR", "Writes a file for each kind into DIR instead")])

    static func text(_ invocation: CommandLineParser.Invocation) throws(Failure) -> String {
        let files = DefinitionFiles.all
        guard let directory = invocation.value("directory") else { return files.map(\.text).joined(separator: "---\n") }
        try Files.makeDirectory(directory)
        for file in files { try Files.write(Array(file.text.utf8), to: "\(directory)/\(file.name)") }
        return files.map { "\(directory)/\($0.name)\n" }.joined()
    }
}

/// `martlet-manager objects`
enum ObjectsReferenceCommand {
    static let command = Command("objects", "Prints the reference of all kinds of objects")
}
