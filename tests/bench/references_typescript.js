// What the language service of TypeScript says of names drawn at random from a repository.
//
//     node references_typescript.js FOLDER < question > answers
//
// FOLDER holds `node_modules/typescript`. The question is JSON: root, files, sample, seed. Each answer is a line of
// JSON: path, line from 1, column from 0, name, shape of the place, and the definitions that it has.
"use strict";

const fs = require("fs");
const path = require("path");
const ts = require(require.resolve("typescript", { paths: [process.argv[2]] }));

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const root = asked.root;

function options() {
  const base = {
    allowJs: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, jsx: ts.JsxEmit.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler, experimentalDecorators: true, allowImportingTsExtensions: true,
    noEmit: true, resolveJsonModule: true, esModuleInterop: true, strict: true, maxNodeModuleJsDepth: 0, types: [],
  };
  const place = path.join(root, "tsconfig.json");
  if (!fs.existsSync(place)) return base;
  const read = ts.parseJsonConfigFileContent(ts.readConfigFile(place, ts.sys.readFile).config, ts.sys, root);
  for (const key of ["paths", "baseUrl", "pathsBasePath", "customConditions"]) {
    if (read.options[key] !== undefined) base[key] = read.options[key];
  }
  return base;
}

const settings = options();
const files = asked.files.map((file) => path.join(root, file));
const host = {
  getScriptFileNames: () => files,
  getScriptVersion: () => "1",
  getScriptSnapshot: (name) => {
    const text = ts.sys.readFile(name);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => root,
  getCompilationSettings: () => settings,
  getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
  fileExists: ts.sys.fileExists,
  readFile: ts.sys.readFile,
  readDirectory: ts.sys.readDirectory,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
};
const service = ts.createLanguageService(host, ts.createDocumentRegistry());
const program = service.getProgram();
const checker = program.getTypeChecker();

// A small generator of random numbers, so that the same seed draws the same names.
let state = asked.seed >>> 0;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 4294967296;
}

function drawn() {
  const found = [];
  for (const file of files) {
    const source = program.getSourceFile(file);
    if (source === undefined) continue;
    const visit = (node) => {
      if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && counts(node)) found.push(node);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  for (let last = found.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [found[last], found[other]] = [found[other], found[last]];
  }
  return found.slice(0, asked.sample);
}

function counts(node) {
  const parent = node.parent;
  if (["", "exports", "module", "require"].includes(node.text)) return false;
  if (ts.isJsxAttribute(parent) || ts.isLabeledStatement(parent) || ts.isMetaProperty(parent)) return false;
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) return true;
  if (ts.isImportSpecifier(parent)) return (parent.propertyName ?? parent.name) === node;
  if (ts.isExportSpecifier(parent)) return (parent.propertyName ?? parent.name) === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node || parent.initializer === node;
  if (ts.isPropertyAssignment(parent) && parent.name === node) return true;
  if (ts.isShorthandPropertyAssignment(parent) || ts.isImportClause(parent)) return true;
  if (ts.isNamespaceImport(parent) || ts.isNamespaceExport(parent)) return false;
  return ts.getNameOfDeclaration(parent) !== node;
}

function shape(node) {
  const parent = node.parent;
  if (ts.isPropertyAssignment(parent) && parent.name === node) return "key";
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return "member";
  if (ts.isBindingElement(parent)) return "pattern";
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isImportClause(parent)) return "import";
  if (ts.isTypeReferenceNode(parent)) return "type";
  return "name";
}

// Whether a declaration is of something that ends within a function or a nameless type: no reference between definitions.
function isLocal(declaration) {
  if (ts.isParameter(declaration)) return !ts.isParameterPropertyDeclaration(declaration, declaration.parent);
  if (ts.isTypeParameterDeclaration(declaration)) return true;
  const named = ts.isFunctionLike(declaration) || ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration)
    || ts.isTypeAliasDeclaration(declaration) || ts.isEnumDeclaration(declaration);
  if (ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined
    && (ts.isFunctionLike(declaration.initializer) || ts.isClassLike(declaration.initializer))) return false;
  for (let around = declaration.parent; around; around = around.parent) {
    if (ts.isVariableDeclaration(declaration) && (ts.isBlock(around) || ts.isIterationStatement(around, false))) return true;
    if (ts.isClassLike(around) || ts.isInterfaceDeclaration(around) || ts.isTypeAliasDeclaration(around)) return false;
    if (ts.isFunctionLike(around) || ts.isParameter(around)) return !named || ts.isPropertyAssignment(declaration);
  }
  return false;
}

// Whether TypeScript did not get further than to the import of a name.
function isUnresolved(declaration) {
  return ts.isImportSpecifier(declaration) || ts.isImportClause(declaration) || ts.isNamespaceImport(declaration)
    || ts.isImportEqualsDeclaration(declaration);
}

function described(source, start, declaration) {
  const file = source.fileName;
  const inside = file.startsWith(root + "/") && !file.includes("/node_modules/");
  const at = source.getLineAndCharacterOfPosition(start);
  return {
    path: inside ? file.slice(root.length + 1) : "", line: at.line + 1, column: at.character,
    local: declaration !== undefined && isLocal(declaration),
    assigned: declaration !== undefined && ts.isBinaryExpression(declaration),
    module: declaration !== undefined && (ts.isSourceFile(declaration) || isUnresolved(declaration)),
  };
}

function declarations(node) {
  let symbol = checker.getSymbolAtLocation(node);
  if (ts.isShorthandPropertyAssignment(node.parent)) symbol = checker.getShorthandAssignmentValueSymbol(node.parent);
  if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.declarations ?? [];
}

function answer(node) {
  const source = node.getSourceFile();
  const start = node.getStart(source);
  const found = [];
  const owned = declarations(node);
  for (const declaration of owned) {
    const name = ts.getNameOfDeclaration(declaration) ?? declaration;
    if (name === node) continue;
    found.push(described(declaration.getSourceFile(), name.getStart(declaration.getSourceFile()), declaration));
  }
  for (const one of service.getDefinitionAtPosition(source.fileName, start) ?? []) {
    const other = program.getSourceFile(one.fileName);
    if (other === undefined || (one.fileName === source.fileName && one.textSpan.start === start)) continue;
    if (one.kind === "module" || (one.kind === "alias" && one.fileName === source.fileName)) continue;
    const at = described(other, one.textSpan.start, undefined);
    const known = found.some((each) => each.path === at.path && each.line === at.line && each.column === at.column);
    if (!known) found.push({ ...at, local: owned.length > 0 && found.length > 0 ? found[0].local : false });
  }
  const at = source.getLineAndCharacterOfPosition(start);
  return {
    path: source.fileName.slice(root.length + 1), line: at.line + 1, column: at.character,
    name: node.text, shape: shape(node), definitions: found,
  };
}

for (const node of drawn()) {
  let line;
  try {
    line = answer(node);
  } catch {
    continue;
  }
  fs.writeSync(1, JSON.stringify(line) + "\n");
}
