/// A typed parameter of libvirt: its name, and its number or text.
struct Statistic: Sendable, Equatable {
    enum Value: Sendable, Equatable {
        case number(Double)
        case text(String)
    }

    let name: String
    let value: Value

    init(_ name: String, _ number: Double) {
        self.name = name
        value = .number(number)
    }

    init(_ name: String, text: String) {
        self.name = name
        value = .text(text)
    }

    /// A number that may be shown.
    var number: Double? {
        if case .number(let number) = value, number.isFinite { return number }
        return nil
    }

    var text: String? {
        if case .text(let text) = value { return text }
        return nil
    }
}
