/// What a value may say.
///
/// From it come the problems of an object, its defaults, its CustomResourceDefinition, what kubectl is told of it, and docs/objects.md.
package indirect enum Schema: Sendable {
    case text(TextRule)
    case whole(ClosedRange<Int64>)
    case number(ClosedRange<Double>)
    case flag
    /// Bytes: a whole number, or a text such as `4Gi`.
    case quantity(ClosedRange<Int64>)
    /// A whole number, or a text such as `25%`.
    case share
    case list(Schema, ListRule)
    /// An object whose members' names are the writer's.
    case map(Schema, MapRule)
    case object(ObjectShape)
    /// An object of which nothing is known.
    case anyObject

    package static let text = Schema.text(TextRule())
    /// Of no sign, as counts are.
    package static let count = Schema.whole(0...Int64(Int32.max))
    package static let bytes = Schema.whole(0...Int64.max)

    package static func text(atMost: Int) -> Schema { .text(TextRule(atMost: atMost)) }

    package static func text(_ format: TextFormat, atMost: Int? = nil) -> Schema { .text(TextRule(format: format, atMost: atMost)) }

    /// One of these words.
    package static func word(_ choices: String...) -> Schema { .text(TextRule(choices: choices)) }

    package static func list(of element: Schema, atLeast: Int = 0, atMost: Int = 100) -> Schema {
        .list(element, ListRule(atLeast: atLeast, atMost: atMost))
    }

    /// A list of objects, each of which has another value in its member `key`.
    package static func list(of element: Schema, by key: String, atMost: Int = 100) -> Schema {
        .list(element, ListRule(key: key, atMost: atMost))
    }

    package static func map(of element: Schema, atMost: Int = 50) -> Schema { .map(element, MapRule(atMost: atMost)) }

    package static func object(_ fields: [Field], _ rules: MemberRule...) -> Schema { .object(ObjectShape(fields, rules)) }
}

/// What a text may be.
package struct TextRule: Sendable {
    /// None allows every text.
    package var choices: [String] = []
    package var format: TextFormat?
    /// In Unicode scalars.
    package var atLeast = 0
    package var atMost: Int?

    package init(choices: [String] = [], format: TextFormat? = nil, atLeast: Int = 0, atMost: Int? = nil) {
        self.choices = choices
        self.format = format
        self.atLeast = atLeast
        self.atMost = atMost ?? format?.atMost
    }
}

package struct ListRule: Sendable {
    /// The member by which elements differ.
    package var key: String?
    package var atLeast = 0
    package var atMost = 100

    package init(key: String? = nil, atLeast: Int = 0, atMost: Int = 100) {
        self.key = key
        self.atLeast = atLeast
        self.atMost = atMost
    }
}

package struct MapRule: Sendable {
    package var names: TextFormat?
    package var atMost = 50

    package init(names: TextFormat? = nil, atMost: Int = 50) {
        self.names = names
        self.atMost = atMost
    }
}

/// The members of an object.
package struct ObjectShape: Sendable {
    package var fields: [Field]
    package var rules: [MemberRule]
    /// Whether members that are not among the fields are kept and no problem, as in a status that others write too.
    package var isOpen: Bool

    package init(_ fields: [Field], _ rules: [MemberRule] = [], isOpen: Bool = false) {
        self.fields = fields
        self.rules = rules
        self.isOpen = isOpen
    }

    package subscript(name: String) -> Field? { fields.first { $0.name == name } }
}

/// A member of an object.
package struct Field: Sendable {
    package enum Effect: Sendable {
        /// The manager does something about it.
        case acts
        /// It is kept as it was said, and nothing follows from it: it is there so that manifests that were written for Virtrigaud are taken.
        case kept
    }

    package let name: String
    package let schema: Schema
    /// In whole sentences.
    package let description: String
    package let isRequired: Bool
    /// What is meant when it is not said.
    package let standard: ObjectValue?
    package let effect: Effect

    package init(
        _ name: String, _ schema: Schema, _ description: String, isRequired: Bool = false, standard: ObjectValue? = nil,
        effect: Effect = .acts
    ) {
        self.name = name
        self.schema = schema
        self.description = description
        self.isRequired = isRequired
        self.standard = standard
        self.effect = effect
    }

    package static func required(_ name: String, _ schema: Schema, _ description: String) -> Field {
        Field(name, schema, description, isRequired: true)
    }

    package static func kept(_ name: String, _ schema: Schema, _ description: String, standard: ObjectValue? = nil) -> Field {
        Field(name, schema, description, standard: standard, effect: .kept)
    }
}

/// How many of some members may be said.
package enum MemberRule: Sendable, Hashable {
    case exactlyOne([String])
    case atMostOne([String])
    case atLeastOne([String])

    package var names: [String] {
        switch self {
        case .exactlyOne(let names), .atMostOne(let names), .atLeastOne(let names): names
        }
    }

    package var text: String {
        let names = names.joined(separator: ", ")
        return switch self {
        case .exactlyOne: "exactly one of \(names)"
        case .atMostOne: "at most one of \(names)"
        case .atLeastOne: "at least one of \(names)"
        }
    }

    package func holds(for count: Int) -> Bool {
        switch self {
        case .exactlyOne: count == 1
        case .atMostOne: count <= 1
        case .atLeastOne: count >= 1
        }
    }
}
