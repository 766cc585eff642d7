// Writes Swift files at build time.
//
//   embed-files OUTPUT NAME=FILE …         the text of files, for a program that carries its configuration
//   embed-files --page OUTPUT NAME=FILE …  the same of the dashboards' page: a script with all that it imports, without what only people read
//   embed-files --revision OUTPUT COMMIT   the commit that the program is built from
//   embed-files --collectors OUTPUT MODULE …  the definitions of collectors, by their modules
import Glibc

func read(_ path: String) -> [UInt8]? {
    fopen(path, "r").flatMap(read)
}

/// All of a stream, which is closed.
func read(_ file: UnsafeMutablePointer<FILE>) -> [UInt8]? {
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return ferror(file) == 0 ? bytes : nil }
        bytes += chunk[..<count]
    }
}

/// A literal that needs no escaping: the text behind as many `#` as it takes.
func literal(_ text: String) -> String {
    var hashes = "#"
    while text.contains("\"\"\"" + hashes) || text.contains("\\" + hashes) { hashes += "#" }
    return "\(hashes)\"\"\"\n\(text)\n\"\"\"\(hashes)"
}

func fail(_ message: String) -> Never {
    print("embed-files: \(message)")
    exit(1)
}

func write(_ text: String, to output: String) {
    guard let file = fopen(output, "w") else { fail("cannot write \(output)") }
    guard fputs(text, file) >= 0, fclose(file) == 0 else { fail("cannot write \(output)") }
}

let arguments = CommandLine.arguments.dropFirst()
guard let output = arguments.first else { fail("usage: embed-files OUTPUT NAME=FILE …, or embed-files --revision OUTPUT TEXT") }
if output == "--revision" {
    let words = arguments.dropFirst()
    guard let target = words.first, let revision = words.last, words.count == 2, revision.allSatisfy(\.isHexDigit) || revision == "unknown"
    else {
        fail("--revision takes OUTPUT and a commit")
    }
    write("/// The commit that this program was built from.\nenum BuildRevision {\n    static let text = \"\(revision)\"\n}\n", to: target)
    exit(0)
}
if output == "--collectors" {
    guard let target = arguments.dropFirst().first else { fail("--collectors takes OUTPUT and modules") }
    let modules = arguments.dropFirst(2)
    let definitions = modules.map { module in
        guard module.hasSuffix("Collector") else { fail("\(module): the module of a collector is named NAMECollector") }
        return "        \(module.dropLast("Collector".count))Definition.self,\n"
    }
    let imports = (modules + ["Exporting"]).sorted().map { "import \($0)\n" }.joined()
    let list = "    static let registered: [any CollectorDefinition.Type] = [\n\(definitions.joined())    ]\n"
    write(imports + "\nextension Collectors {\n    /// Those of Package.swift's list, in its order.\n\(list)}\n", to: target)
    exit(0)
}

/// What a command says on standard output. It ends the program when the command fails: the build would be without a page.
func outcome(of command: [String], forWantOf advice: String) -> [UInt8] {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { fail("no pipe: errno \(errno)") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    var words = command.map { strdup($0) } + [nil]
    var child: pid_t = 0
    let error = posix_spawnp(&child, command[0], &actions, nil, &words, environ)
    close(ends[1])
    guard error == 0 else { fail("\(command[0]) cannot be started: \(String(cString: strerror(error))). \(advice)") }
    guard let file = fdopen(ends[0], "r") else { fail("no pipe: errno \(errno)") }
    let bytes = read(file)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard let bytes, status == 0 else { fail("\(command.joined(separator: " ")) failed") }
    return bytes
}

/// The file as a browser is to have it. A script is one with the modules that it imports, and neither it nor a style sheet has comments or
/// long local names any more: some 50 requests become one, of half the bytes.
func shipped(_ file: String) -> [UInt8]? {
    guard file.hasSuffix(".js") || file.hasSuffix(".css") else { return read(file) }
    return outcome(
        of: ["esbuild", file, "--minify", "--target=es2022", "--charset=utf8", "--log-level=warning"]
            + (file.hasSuffix(".js") ? ["--bundle", "--format=esm"] : []),
        forWantOf: "Debian's package esbuild has it; scripts/bootstrap build installs it.")
}

/// `static let NAME`, a list of the files by their path in the repository.
func list(_ name: String, _ arguments: [String], _ read: (String) -> [UInt8]?) -> String {
    var text = "    static let \(name): [(path: String, text: String)] = [\n"
    for argument in arguments {
        guard let equals = argument.firstIndex(of: "=") else { fail("\(argument) is not NAME=FILE") }
        let file = String(argument[argument.index(after: equals)...])
        guard let bytes = read(file), let content = String(validating: bytes, as: UTF8.self) else { fail("cannot read \(file) as text") }
        text += "(\"\(argument[..<equals])\", \(literal(content))),\n"
    }
    return text + "    ]\n"
}

if output == "--page" {
    guard let target = arguments.dropFirst().first else { fail("--page takes OUTPUT and files") }
    let page = list("all", Array(arguments.dropFirst(2)), shipped)
    write("/// The dashboards' page, by path in the repository.\nenum EmbeddedPage {\n\(page)}\n", to: target)
    exit(0)
}

let files = Array(arguments.dropFirst())
var text = "/// The files of the stack as they stand in the repository, by their path there.\nenum EmbeddedFiles {\n"
let (boards, manifests) = ("grafana/", "deploy/manifests/")
text += list("all", files.filter { !$0.hasPrefix(boards) && !$0.hasPrefix(manifests) }, read)
text += "    /// What Grafana is provisioned with.\n"
text += list("grafana", files.filter { $0.hasPrefix(boards) }, read)
text += "    /// Objects for the manager of virtual machines.\n"
text += list("manifests", files.filter { $0.hasPrefix(manifests) }, read)
text += "}\n"
write(text, to: output)
