// What a machine without Copilot lacks: a model in VS Code, and a default participant, without which there is no chat.

const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const inWorkspace = (name) => path.join(vscode.workspace.workspaceFolders[0].uri.fsPath, name);
/** What the test tells: "endpoint", where the model's answers come from; "question", what is asked in the chat. */
const told = (what) => JSON.parse(fs.readFileSync(inWorkspace("assistant.json"), "utf8"))[what];

/** Sends the messages just as it gets them, and passes on what comes; hangs up when it is cancelled. */
async function ask(messages, report, token) {
  const gone = new AbortController();
  token.onCancellationRequested(() => gone.abort());
  const roles = { [vscode.LanguageModelChatMessageRole.User]: "user", [vscode.LanguageModelChatMessageRole.Assistant]: "assistant" };
  const body = messages.map(({ role, content }) => ({ role: roles[role], content: content.map(({ value }) => value).join("") }));
  const answer = await fetch(told("endpoint"), { method: "POST", body: JSON.stringify(body), signal: gone.signal });
  let text = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = text.slice("data: ".length, end);
      text = text.slice(end + 2);
      if (event === "[DONE]") return;
      const said = JSON.parse(event).choices[0].delta.content;
      if (said) report.report({ index: 0, part: new vscode.LanguageModelTextPart(said) });
    }
  }
}

exports.activate = (context) => {
  const provider = {
    provideLanguageModelResponse: (messages, _options, _extension, progress, token) => ask(messages, progress, token),
    provideTokenCount: async (text) => JSON.stringify(text).length / 4,
  };
  const about = { vendor: "assistant", name: "Test Model", family: "test", version: "1", maxInputTokens: 16_000, maxOutputTokens: 4000, isDefault: true, isUserSelectable: true };
  // As an agent would: a path is handed to a tool of LogSieve's.
  const participant = vscode.chat.createChatParticipant("assistant.chat", async (request, _context, stream, token) => {
    const options = { input: { path: request.prompt }, toolInvocationToken: request.toolInvocationToken };
    const { content } = await vscode.lm.invokeTool("logsieve_triage", options, token);
    stream.markdown(`The tool says: ${content.map(({ value }) => value).join("")}`);
  });
  const question = vscode.commands.registerCommand("assistant.ask", () =>
    vscode.commands.executeCommand("workbench.action.chat.open", { query: told("question"), mode: "ask" }),
  );
  // What the user is shown before something is sent, for the test to compare.
  const seen = vscode.workspace.onDidOpenTextDocument(({ uri, getText }) => {
    if (uri.scheme === "logsieve-text" && uri.path.endsWith("payload.json")) fs.writeFileSync(inWorkspace("payload.json"), getText());
  });
  context.subscriptions.push(seen, vscode.lm.registerChatModelProvider("test", provider, about), participant, question);
};
