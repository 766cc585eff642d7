import Primitives
import Settings

/// The section `logs.journal`.
struct JournalSettings: Sendable {
    var isEnabled = true
    var namespace: String?
    var directory: String?
    var units: [String] = []
    var priority: Level?

    init() {}

    init(_ section: SettingsTree) throws(Failure) {
        isEnabled = section["enabled"].flag ?? isEnabled
        namespace = section.word("namespace")
        directory = section.word("directory")
        if namespace != nil, directory != nil {
            throw section["directory"].failure("directory: namespace and directory exclude each other")
        }
        units = (section["units"].texts ?? []).filter { !$0.isEmpty }
        priority = section.word("priority").flatMap { word in Level.allCases.first { $0.word == word } }
    }

    static let keys = [
        SettingsKey("enabled", .flag, "Whether the journal is read.", standard: "true"),
        SettingsKey("namespace", .text, "The journal's namespace; * for all of them.", standard: "the machine's own journal"),
        SettingsKey("directory", .text, "Folder of journal files, in place of the machine's own."),
        SettingsKey("units", .texts, "Units whose lines are sent, with * for any letters.", standard: "all"),
        SettingsKey(
            "priority", .choice(Level.allCases.map(\.word)), "Least grave lines that are sent.", standard: "debug"),
    ]
}
