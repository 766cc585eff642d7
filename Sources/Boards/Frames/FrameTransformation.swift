import Primitives

/// What of the transformations there is.
enum FrameTransformation {
    /// What of a transformation's options is not supported; nil when all is.
    static func problem(of transformation: PanelTransformation, steps: inout Int) -> String? {
        let options = transformation.options
        switch transformation.id {
        case "organize":
            if let mode = options["orderByMode"]?.text, mode != "manual" { return "order by \(mode.prefix(40)) is not supported" }
        case "joinByField", "seriesToColumns":
            if let mode = options["mode"]?.text, !["outer", "inner", "outerTabular"].contains(mode) {
                return "the join \(mode.prefix(40)) is not supported"
            }
        case "reduce":
            for name in options["reducers"]?.texts ?? [] where Calculation(named: name) == nil { return unknown(name) }
        case "labelsToFields":
            if options["mode"]?.text == "rows" { return "labels as rows are not supported" }
        case "groupBy":
            for field in options["fields"]?.members ?? [] {
                for name in field.value["aggregations"]?.texts ?? [] where Calculation(named: name) == nil { return unknown(name) }
            }
        case "calculateField":
            return problemOfCalculation(options)
        case "filterFieldsByName", "renameByRegex":
            for path in ["include.pattern", "exclude.pattern", "regex"] {
                guard let source = options.at(path)?.text, !source.isEmpty else { continue }
                do throws(Failure) { _ = try Pattern(board: source, budget: &steps) } catch { return error.description }
            }
        default: break
        }
        return nil
    }

    private static func unknown(_ name: String) -> String { "the calculation \(name.prefix(40)) is not supported" }

    private static func problemOfCalculation(_ options: JSONTree) -> String? {
        switch options["mode"]?.text ?? "reduceRow" {
        case "reduceRow":
            guard let name = options.at("reduce.reducer")?.text, Calculation(named: name) == nil else { return nil }
            return unknown(name)
        case "binary":
            guard let sign = options.at("binary.operator")?.text, !["+", "-", "*", "/", "%"].contains(sign) else { return nil }
            return "the operation \(sign.prefix(40)) is not supported"
        case "unary":
            guard let sign = options.at("unary.operator")?.text, !["abs", "floor", "ceil"].contains(sign) else { return nil }
            return "the operation \(sign.prefix(40)) is not supported"
        case "index": return nil
        case let mode: return "the mode \(mode.prefix(40)) is not supported"
        }
    }
}
