/** The custom part of the protocol: the mirror of server/logsieve/lsp/protocol.py, which documents it. Lines are 0-based. */

import { NotificationType, RequestType, type Location } from "vscode-languageclient/node";

export type { Location };

export const SCHEME = "logsieve";

export type Severity = "error" | "warning" | "info";
export type Verdict = "failed" | "passed" | "unknown";

export interface StatusParams {
  uri: string;
  version: number | null;
  verdict: Verdict;
  why: string;
  errors: number;
  warnings: number;
  lines: number;
  noiseLines: number;
  tokens: number;
  title: string | null;
  busy: boolean;
}

export interface ExplainChunkParams {
  id: string;
  text: string;
}

export interface ExplainNoteParams {
  id: string;
  text: string;
}

export interface FindingsParams {
  uri: string;
}

export interface Place {
  location: Location;
  line: number;
  why: string;
}

export interface Within {
  location: Location;
  line: number;
  title: string;
}

export interface Finding {
  index: number;
  location: Location;
  line: number;
  severity: Severity;
  category: string;
  rule: string;
  title: string;
  message: string;
  count: number;
  why: string[];
  places: Place[];
  section: Within | null;
}

export interface FindingsResult {
  findings: Finding[];
}

export interface FailureParams {
  uri: string;
  line?: number;
  step?: -1 | 0 | 1;
}

export interface FailureResult {
  index: number;
  title: string;
  number: number;
  of: number;
  around: boolean;
  location: Location;
}

export interface LocateParams {
  uri: string;
  line: number;
}

export interface LocateResult {
  location: Location;
}

export interface SearchParams {
  uri: string;
  text?: string;
  line?: number;
  meaning?: boolean;
  workDoneToken?: string;
}

export interface SearchHit {
  location: Location;
  line: number;
  text: string;
  score: number;
  count: number;
}

export interface SearchResult {
  text: string;
  hits: SearchHit[];
  more: boolean;
  note: string | null;
}

export interface NoiseParams {
  uri: string;
}

export interface NoiseRun {
  start: number;
  end: number;
  lines: number;
  reason: string;
  worst: Severity | null;
  text: string;
}

export interface NoiseResult {
  noise: NoiseRun[];
}

export interface ReduceParams {
  uri: string;
  budget?: number;
  finding?: number;
}

export interface Omitted {
  start: number;
  end: number;
  lines: number;
  what: string;
}

export interface Redacted {
  kind: string;
  line: number;
  placeholder: string;
}

export interface ReduceResult {
  text: string;
  tokens: number;
  lines: [number, number][];
  omitted: Omitted[];
  redacted: Redacted[];
}

export interface ReducedViewParams {
  uri: string;
  budget?: number;
  workDoneToken?: string;
}

export interface ReducedViewResult {
  uri: string;
  line: number;
  logs: string[];
}

export interface ViewParams {
  uri: string;
}

export interface ViewResult {
  text: string;
  lines: number[];
}

export interface ExpandParams {
  uri: string;
  line: number;
}

export interface ExpandResult {
  line: number | null;
}

export interface ToolParams {
  uri: string;
  tool: "triage" | "reduce";
  path: string;
  finding?: number;
  budget?: number;
}

export interface ToolResult {
  answer: string;
}

export interface ExplainPreviewParams {
  uri: string;
  finding?: number;
}

export interface ExplainPreviewResult {
  endpoint: string;
  model: string;
  payload: string;
  tokens: number;
  terms: string;
  code: boolean;
  consented: boolean;
  problem: string | null;
}

export interface ExplainParams {
  uri: string;
  finding?: number;
  id: string;
  consent: boolean;
  payload: string;
  remember?: boolean;
}

export interface ExplainResult {
  header: string;
  text: string;
  verified: number;
  unverified: number;
  further: string[];
  error: string | null;
}

export interface Turn {
  role: "user" | "assistant";
  content: string;
}

export interface PromptParams {
  uri: string;
  vendor: string;
  model: string;
  finding?: number;
  context?: number;
  turns?: Turn[];
}

export interface VerifyParams {
  uri: string;
  text: string;
  unfinished?: boolean;
}

export interface VerifyResult {
  header: string;
  text: string;
  verified: number;
  unverified: number;
}

export interface ConsentParams {
  uri?: string;
  endpoint?: string;
  granted?: boolean;
  code?: boolean;
}

export interface ConsentResult {
  endpoints: string[];
}

export const status = new NotificationType<StatusParams>("logsieve/status");
export const explainChunk = new NotificationType<ExplainChunkParams>("logsieve/explainChunk");
export const explainNote = new NotificationType<ExplainNoteParams>("logsieve/explainNote");
export const findings = new RequestType<FindingsParams, FindingsResult, void>("logsieve/findings");
export const failure = new RequestType<FailureParams, FailureResult, void>("logsieve/failure");
export const locate = new RequestType<LocateParams, LocateResult, void>("logsieve/locate");
export const noise = new RequestType<NoiseParams, NoiseResult, void>("logsieve/noise");
export const search = new RequestType<SearchParams, SearchResult, void>("logsieve/search");
export const reduce = new RequestType<ReduceParams, ReduceResult, void>("logsieve/reduce");
export const reducedView = new RequestType<ReducedViewParams, ReducedViewResult, void>("logsieve/reducedView");
export const view = new RequestType<ViewParams, ViewResult, void>("logsieve/view");
export const expand = new RequestType<ExpandParams, ExpandResult, void>("logsieve/expand");
export const tool = new RequestType<ToolParams, ToolResult, void>("logsieve/tool");
export const explainPreview = new RequestType<ExplainPreviewParams, ExplainPreviewResult, void>("logsieve/explainPreview");
export const explain = new RequestType<ExplainParams, ExplainResult, void>("logsieve/explain");
export const prompt = new RequestType<PromptParams, ExplainPreviewResult, void>("logsieve/prompt");
export const verify = new RequestType<VerifyParams, VerifyResult, void>("logsieve/verify");
export const consent = new RequestType<ConsentParams, ConsentResult, void>("logsieve/consent");

/** Commands that the server may offer as code actions; their arguments are [uri, index of the finding?], or [uri, line]. */
export const OFFERED = ["logsieve.copyReduced", "logsieve.copyFinding", "logsieve.openReduced", "logsieve.explain", "logsieve.showLine", "logsieve.findSimilar"] as const;

export interface InitializationOptions {
  settings: unknown;
  commands: readonly string[];
  trusted: boolean;
  buttons: boolean;
}
