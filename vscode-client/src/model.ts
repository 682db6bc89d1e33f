/** Language models that VS Code itself has. The server writes what they are sent and checks their answers; here it is only carried. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import { config } from "./config";
import type { Agreed } from "./consent";
import * as protocol from "./protocol";

/** How much of an answer is taken: far more than any real one has. */
const LONGEST = 200_000;

/** The model that is set, or the first there is. Throws where there is none. */
export async function chooseModel(): Promise<vscode.LanguageModelChat> {
  const models = await vscode.lm.selectChatModels();
  const wanted = config.model();
  const isWanted = ({ id, family, name, vendor }: vscode.LanguageModelChat): boolean => [id, family, name, `${vendor}/${family}`].includes(wanted);
  const model = wanted === "" ? models[0] : models.find(isWanted);
  if (model !== undefined) return model;
  const known = models.map(({ vendor, family }) => `${vendor}/${family}`).join(", ");
  throw new Error(known === "" ? vscode.l10n.t("VS Code has no language model: install an extension that brings one") : vscode.l10n.t("VS Code has no language model {0}, only {1}", wanted, known));
}

export class EditorModel {
  constructor(
    private readonly connection: Connection,
    private readonly model: vscode.LanguageModelChat,
  ) {}

  /** What would be sent about a log. */
  async preview(target: { uri: string; finding?: number; turns?: protocol.Turn[] }): Promise<protocol.ExplainPreviewResult> {
    const { vendor, family, maxInputTokens: context } = this.model;
    const client = await this.connection.get();
    return client.sendRequest(protocol.prompt, { ...target, vendor, model: `${vendor}/${family}`, context });
  }

  /** Sends what was previewed, and agreed to; the whole answer, checked. What comes is shown as it comes. */
  async send(
    uri: string,
    preview: protocol.ExplainPreviewResult,
    agreed: Agreed,
    show: (text: string) => void | Promise<void>,
    token: vscode.CancellationToken,
  ): Promise<protocol.ExplainResult> {
    const client = await this.connection.get();
    const { endpoint, code } = preview;
    if (agreed === "always" && !preview.consented) await client.sendRequest(protocol.consent, { uri, endpoint, code, granted: true });
    const { messages } = JSON.parse(preview.payload) as { messages: protocol.Turn[] };
    const given = cancelled(token);
    let text = "";
    let shown = 0;
    let error: string | null = null;
    try {
      const answer = await Promise.race([this.model.sendRequest(messages.map(toMessage), {}, token), given]);
      const pieces = answer.text[Symbol.asyncIterator]();
      for (let next = await Promise.race([pieces.next(), given]); next.done !== true; next = await Promise.race([pieces.next(), given])) {
        text += next.value;
        if (next.value.includes("\n")) {
          const checked = await client.sendRequest(protocol.verify, { uri, text, unfinished: true });
          await show(checked.text.slice(shown));
          shown = checked.text.length;
        }
        if (text.length > LONGEST) throw new Error(vscode.l10n.t("the model keeps talking"));
      }
    } catch (failure) {
      if (failure instanceof vscode.CancellationError) throw failure;
      error = failure instanceof Error ? failure.message : String(failure);
    }
    return { ...(await client.sendRequest(protocol.verify, { uri, text })), further: [], error };
  }
}

/** Rejects when what the token stands for is given up: a model may not listen. */
function cancelled(token: vscode.CancellationToken): Promise<never> {
  const given = new Promise<never>((_, reject) => {
    token.onCancellationRequested(() => reject(new vscode.CancellationError()));
  });
  given.catch(() => undefined);
  return given;
}

function toMessage({ role, content }: protocol.Turn): vscode.LanguageModelChatMessage {
  return role === "assistant" ? vscode.LanguageModelChatMessage.Assistant(content) : vscode.LanguageModelChatMessage.User(content);
}
