extension ObjectMetadata {
    /// Reads `metadata`; what is there and of another kind than it must be is a problem, what is not known is left out, as is what other
    /// stores add (`managedFields`, `selfLink`).
    package init(_ value: ObjectValue?, _ problems: inout [FieldProblem]) {
        guard let value, !value.isNull else { return }
        guard case .members(let members) = value else {
            problems.append(FieldProblem("metadata", .typeInvalid, "must be an object, is \(value.kindText)"))
            return
        }
        for member in members where !member.value.isNull {
            let path = "metadata.\(member.name)"
            switch member.name {
            case "name": name = Self.text(member.value, path, &problems)
            case "generateName": generateName = Self.text(member.value, path, &problems)
            case "namespace": namespace = Self.text(member.value, path, &problems)
            case "uid": uid = Self.text(member.value, path, &problems)
            case "resourceVersion": resourceVersion = Self.text(member.value, path, &problems)
            case "creationTimestamp": creationTimestamp = Self.text(member.value, path, &problems)
            case "deletionTimestamp": deletionTimestamp = Self.text(member.value, path, &problems)
            case "generation": generation = member.value.whole ?? 0
            case "finalizers":
                for (index, element) in (member.value.list ?? []).enumerated() {
                    finalizers.append(Self.text(element, "\(path)[\(index)]", &problems))
                }
                if member.value.list == nil { problems.append(FieldProblem(path, .typeInvalid, "must be a list of texts")) }
            case "labels": labels = Self.texts(member.value, path, &problems)
            case "annotations": annotations = Self.texts(member.value, path, &problems)
            case "ownerReferences":
                guard let list = member.value.list else {
                    problems.append(FieldProblem(path, .typeInvalid, "must be a list of objects"))
                    continue
                }
                for (index, element) in list.enumerated() {
                    ownerReferences.append(OwnerReference(element, "\(path)[\(index)]", &problems))
                }
            default: break
            }
        }
    }

    fileprivate static func text(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) -> String {
        guard let text = value.text else {
            problems.append(FieldProblem(path, .typeInvalid, "must be a text, is \(value.kindText)"))
            return ""
        }
        return text
    }

    private static func texts(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) -> [String: String] {
        guard case .members(let members) = value else {
            problems.append(FieldProblem(path, .typeInvalid, "must be an object of texts, is \(value.kindText)"))
            return [:]
        }
        var texts: [String: String] = [:]
        for member in members { texts[member.name] = text(member.value, "\(path)[\(member.name)]", &problems) }
        return texts
    }

    package var value: ObjectValue {
        var members: [(String, ObjectValue)] = []
        func add(_ name: String, _ text: String) { if !text.isEmpty { members.append((name, .text(text))) } }
        func add(_ name: String, _ texts: [String: String]) {
            if !texts.isEmpty { members.append((name, .members(ObjectMembers(texts.map { ($0.key, .text($0.value)) })))) }
        }
        add("name", name)
        add("generateName", generateName)
        add("namespace", namespace)
        add("uid", uid)
        add("resourceVersion", resourceVersion)
        if generation != 0 { members.append(("generation", .whole(generation))) }
        add("creationTimestamp", creationTimestamp)
        add("deletionTimestamp", deletionTimestamp ?? "")
        if isDeleting { members.append(("deletionGracePeriodSeconds", 0)) }
        if !finalizers.isEmpty { members.append(("finalizers", .list(finalizers.map { .text($0) }))) }
        add("labels", labels)
        add("annotations", annotations)
        if !ownerReferences.isEmpty { members.append(("ownerReferences", .list(ownerReferences.map(\.value)))) }
        return .members(ObjectMembers(members))
    }
}

extension OwnerReference {
    fileprivate init(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) {
        func text(_ name: String) -> String {
            let text = value[name]?.text ?? ""
            if text.isEmpty { problems.append(FieldProblem("\(path).\(name)", .required, "must be a text that is not empty")) }
            return text
        }
        self.init(
            apiVersion: text("apiVersion"), kind: text("kind"), name: text("name"), uid: text("uid"),
            isController: value["controller"]?.flag ?? false, blocksDeletion: value["blockOwnerDeletion"]?.flag ?? false)
    }

    fileprivate var value: ObjectValue {
        [
            "apiVersion": .text(apiVersion), "kind": .text(kind), "name": .text(name), "uid": .text(uid), "controller": .flag(isController),
            "blockOwnerDeletion": .flag(blocksDeletion),
        ]
    }
}
