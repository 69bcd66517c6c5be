"""What do the words of an export mean? Which values sound like no sale, which headers like what decides one, in nine languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

Meaning = str
"""``cancelled``, ``returned``, ``open`` (not paid, a draft, an offer), ``money`` (a payment, a balance: no goods), ``disputed``."""

_WORDS: dict[Meaning, str] = {
    "cancelled": (
        # en de fr es pt it
        r"\bcancel(?:l?ed|l?ation|s)?\b|\bvoid(?:ed)?\b|\brevers(?:al|ed)\b|\babandoned\b|\brejected\b|\bdeclined\b|\bexpired\b|\bdeleted\b"
        r"|\bfailed\b|\bwithdrawn\b|\bannulled\b"
        r"|stornier|\bstorn[io]|storno\b|\babgebrochen\b|\babgelehnt\b|\bgeloscht\b|\bungultig\b|\bwiderruf"
        r"|\bannul[ea]e?s?\b|\bannulation|\brefuse[es]*\b|\babandonnee?\b|\brejetee?\b"
        r"|\bcancelad[oa]s?\b|\bcancelacion|\banulad[oa]s?\b|\banulacion|\brechazad[oa]|\brecusad[oa]|\bcancelamento|\bestorn"
        r"|\bannullat[oai]\b|\bannullamento|\bstornat[oa]\b|\brifiutat[oa]|\bscadut[oa]"
        # zh ja ko
        r"|取消|作废|关闭|冲销|冲红|撤销|撤单|失败|删除|拒收|无效|作廢|關閉|撤銷|失敗"
        r"|キャンセル|無効|却下|破棄|취소|무효|거절|반려|실패"
    ),
    "returned": (
        r"\breturn(?:s|ed)?\b(?! label)|\brefund(?:s|ed|ing)?\b|\bcredit(?: ?(?:note|memo|invoice))s?\b|^credits?$|\b(?:sales|customer|ar) credits?\b|\bcredit (?:adjustment|return|rebill)s?\b|\bcredited\b|\bchargebacks?\b|\brma\b|\bcharged ?back\b"
        r"|\bgutschrift|\bretour|\bruckgabe|\brucksendung|\berstattet|\berstattung|\bruckerstattung|\bruckzahlung|\breklamation\b"
        r"|\bavoirs?\b|note ?de ?credit|\bnotedecredit|\brembours|\brenvoye|\bretourne"
        r"|\bdevol|\breembols|\babono\b|nota ?de ?credito|\bdevuelt|\bfactura ?rectificativa|\brectificativa\b"
        r"|\bdevolvid|\bdevolucao|\breembolsad|\bestornad"
        r"|\bresi\b|\breso\b|\brimbors|nota ?di ?credito|\bnota ?credito|\baccredito\b|\brestituit"
        r"|退货|退款|退单|退换|退回|红字|红冲|红票|负数发票|贷项|退貨|紅字|退费"
        r"|返品|返金|赤伝|赤黒|戻入|値引伝票|支出|반품|환불|반납|취소환불"
    ),
    "open": (
        r"\bunpaid\b|\bdrafts?\b|\bquot(?:e|es|ation|ations)\b|\bpending\b|\bon ?hold\b|\bawaiting ?payment\b|\bpayment ?pending\b|\bproforma\b|\bpro forma\b|\bestimate\b|\binquiry\b|\bnot ?paid\b"
        r"|\bentwurf\b|\bangebot\b|\bunbezahlt\b|\banfrage\b|\bproformarechnung|\bausstehend\b"
        r"|\bdevis\b|\bbrouillon\b|\bimpayee?\b|\ben ?attente\b"
        r"|\bborrador\b|\bpresupuesto\b|\bpendiente|\bcotizacion\b|\bimpagad"
        r"|\brascunho\b|\borcamento\b|\bpendente\b|\baguardando ?pagamento|\bnao ?pago"
        r"|\bbozza\b|\bpreventivo\b|\bin ?attesa\b|\bnon ?pagat"
        r"|待付款|未付款|等待买家付款|待支付|未支付|草稿|报价|询价|待审核|未审核|挂起|待成团|未成团|未付"
        r"|見積|下書き|未入金|未払|保留|입금대기|입금 ?전|결제대기|미결제|견적|임시저장|보류"
    ),
    "money": (
        r"\bpayments?\b|\bpayment ?received\b|\breceipt of payment\b|\bopening ?balance\b|\bbalance ?(?:forward|brought|b/?f)\b|\btransfer\b|\bdeposit\b|\bpayout\b|\bwithdrawal\b"
        r"|\bzahlung|\beroffnungssaldo|\bsaldovortrag|\beb-?wert|\banzahlung\b|\bauszahlung"
        r"|\bpaiement\b|\breglement\b|\breport a nouveau|\bsolde\b|\bacompte\b|\bpago\b|\bcobro\b|\bsaldo ?inicial|\bapertura\b|\bpagamento\b|\bsaldo ?iniziale|\brecebimento\b|\bincasso\b"
        r"|期初|收款|回款|付款单|预收|预付|结转|充值|提现|上期结余|期初餘額|入金|支払|前受|繰越|입금$|지급|이월|기초잔액"
    ),
    "disputed": (
        r"\bdisputed?\b|\bin ?dispute\b|\bstrittig\b|\blitige\b|\ben ?disputa\b|\bcontestat|\bdisputa\b|争议|維權|维权|仲裁|투쟁|분쟁"
    ),
}
_NOT = re.compile(
    r"\b(?:not|no|non|never|without|nicht|kein[e]?|ohne|sin|sans|pas|nao|sem|senza|un)[ _-]*(?=cancel|void|return|refund|storn|annul|retour|credit|rembours|gutschrift|devol|reembols|anul)"
    r"|(?:未|无|非|不|没有|無|未申请|无需|沒有)(?=取消|作废|关闭|退|申请退|售后|冲)|(?:退款|退货|售后|申请)(?:关闭|失败|取消|撤销|拒绝)|未キャンセル|미취소|취소 ?철회"
)
"""What turns the meaning round: "not cancelled", 未退款; a refund that was refused leaves the sale."""
CODES: dict[str, Meaning] = {
    # SAP sales document and billing types
    **dict.fromkeys(("re", "cr", "g2", "rk", "crm", "cbre", "zre", "gkr", "zg2"), "returned"),
    **dict.fromkeys(("s1", "s2", "zs1", "storno"), "cancelled"),
    **dict.fromkeys(("qt", "ag", "in", "f5", "f8", "pi"), "open"),
    # what offices abbreviate
    **dict.fromkeys(
        ("cn", "cm", "rtn", "ret", "crn", "rma", "sr", "srn", "avo", "av", "gs", "nc", "ncr", "ra", "ndc"), "returned"
    ),
    **dict.fromkeys(("can", "canc", "void", "vd", "st", "anu"), "cancelled"),
    **dict.fromkeys(("ob", "pmt", "dz", "ab", "zp"), "money"),
}
"""Codes that mean something in a column of types, and nothing elsewhere."""

_CLOSED_BESIDE = re.compile(r"\b(?:complete|completed|processing)\b")
TRUE = re.compile(
    r"1|1\.0|x|y|yes|true|t|ja|j|wahr|oui|o|vrai|si|s|sim|verdadero|verdadeiro|vero|是|有|对|真|はい|有り|예|참|✓|✔|√"
)

HEADERS: dict[str, str] = {
    "type": (
        r"(?:order|document|doc|transaction|trans|invoice|sales|billing|voucher|record|line|row|entry|movement|receipt|sale)(?:type|category|kind|class)|type|txntype|kind|auart|fkart|vbtyp|doctype|vart|saty|blty|blart|slstype"
        r"|(?:auftrags?|beleg|rechnungs?|bestell|vorgangs?|faktura|buchungs?|umsatz|bewegungs?|verkaufs?|verkaufsbeleg)(?:art|typ)|art|typ"
        r"|type(?:de)?(?:commande|document|piece|facture|transaction|vente|mouvement)|nature"
        r"|tipo(?:de)?(?:pedido|documento|factura|transaccion|venta|operacion|movimiento|comprobante|fatura|transacao|venda|nota|ordine|fattura|doc)?|causale"
        r"|(?:订单|单据|业务|交易|票据|发票|销售|出入库|凭证|记录)(?:类型|类别|种类|性质)|类型|业务类型|红蓝字|红蓝标志"
        r"|(?:注文|受注|取引|伝票|売上)(?:区分|種別|タイプ)|区分|種別|赤黒区分|収支区分|(?:주문|거래|전표|문서|판매)(?:유형|구분|종류)|구분|유형"
    ),
    "status": (
        r"(?:order|line|item|payment|paid|financial|fulfil?lment|invoice|sales|document|doc|delivery|shipping|shipment|transaction|return|refund|overall|lineitem|current)?(?:status|state|condition|disposition)(?:name|text|code|desc|description)?|stage|phase"
        r"|(?:auftrags?|bestell|beleg|zahlungs?|rechnungs?|liefer|versand|gesamt)?(?:status|zustand|stand)"
        r"|(?:etat|statut)(?:de)?(?:la|l|du)?(?:commande|paiement|facture|livraison)?"
        r"|estado(?:de|del|da|do)?(?:pedido|orden|pago|factura|encomenda)?|situac(?:ao|ion)(?:do)?(?:pedido)?|status(?:do|da|de)?(?:pedido|pagamento|venda)"
        r"|stato(?:del|dell)?(?:ordine|pagamento|fattura)?"
        r"|(?:订单|交易|支付|付款|单据|售后|退款|退货|物流|发货|审核|关闭|行)?(?:状态|狀態)|售后|退款情况|作废标志|是否作废"
        r"|(?:注文|受注|処理|支払|出荷|伝票)?(?:ステータス|状態|状況)|(?:주문|결제|처리|배송|클레임)?상태"
    ),
    "debit_credit": (
        r"(?:dr|d|debit|soll|s|debito|debe)[/_ -]?(?:or)?(?:cr|c|k|credit|haben|h|credito|haber)(?:indicator|ind|kz|flag|kennzeichen|mark)?|shkzg|(?:soll|s)/?(?:haben|h)kennzeichen|sollhaben(?:kennzeichen)?"
        r"|debitcredit(?:indicator|code)?|sens|dareavere|借贷(?:方向|标志|标识)?|贷借(?:方向)?|方向|收支(?:类型|方向)?|貸借(?:区分)?|차대(?:구분)?|deh|natureza"
    ),
    "flag": (
        r"(?:is|was|has)?(?:cancell?ed|cancel|returned|return|refunded|refund|voided|void|reversed|reversal|storno|storniert|annule|retourne|rembourse|anulad[oa]|devuelt[oa]|cancelad[oa]|devolvid[oa]|annullat[oa]|reso)(?:flag|ind|indicator|yn|kz|kennzeichen)?"
        r"|stornokennzeichen|stornokz|(?:是否)?(?:退货|退款|取消|作废|红冲|冲销)(?:标志|标识|标记)?|(?:キャンセル|返品|取消|返金)(?:フラグ|区分)?|(?:취소|반품|환불)(?:여부|구분)?"
    ),
    "filled": (
        r"(?:cancell?ed|cancellation|cancel|returned|return|refunded|refund|voided|void|reversed|reversal)(?:at|on|date|time|datetime|reason|by)|(?:date|reason)(?:of)?(?:cancellation|return|refund)"
        r"|storn(?:odatum|iertam|ogrund|obeleg)|erstattetam|ruckgabedatum|date(?:d)?(?:annulation|retour|remboursement)|fecha(?:de)?(?:cancelacion|anulacion|devolucion|reembolso)|data(?:do|de|da|di)?(?:cancelamento|devolucao|reembolso|annullamento|reso|rimborso)"
        r"|(?:取消|退款|退货|关闭|作废)(?:时间|日期|原因)|(?:订单)?关闭原因|(?:キャンセル|返品|返金)(?:日|日時|日付|理由)|(?:취소|반품|환불)(?:일|일자|일시|사유)"
        r"|(?:cancels|reverses|reversal|reversed)(?:document|doc|with|invoice)(?:no|number)?|stornobelegnr"
    ),
    "refund": (
        r"(?:total|line|order)?(?:refunded|refund|returned|return)(?:ed)?(?:amount|amt|value|total|money|sum)|(?:amount|total|value)(?:refunded|returned|ofrefund)|refunds?|refunded|amountrefunded"
        r"|(?:erstattung|ruckerstattung|gutschrift|ruckzahlung|retouren?)s?(?:betrag|summe|wert)?|erstatteterbetrag|erstattet|(?:montant|total)(?:du|des|de)?(?:rembourse|remboursement|avoir|retour)s?|remboursements?"
        r"|(?:importe|monto|total)(?:de|del)?(?:reembolso|devolucion|reembolsado|devuelto|abono)|reembolsos?|(?:valor|total|montante)(?:do|da|de)?(?:reembolso|devolucao|estorno|reembolsado|devolvido|estornado)|(?:importo|totale)(?:di|del)?(?:rimborso|rimborsato|reso|stornato)|rimborsi?"
        r"|(?:已|总|实际|买家|商品|订单)?(?:退款|退货|退还)(?:总)?(?:金额|额)|退款|(?:返金|返品)(?:金額|額)|(?:환불|반품|취소)(?:금액|액)"
    ),
    "gross": (
        r".*(?:total|grand|(?:order|invoice)(?:amount|value)|summe|gesamt|auftragswert|rechnungsbetrag|montant.*(?:commande|facture)|importe.*(?:pedido|factura)|valor.*(?:pedido|nota)|importo.*(?:ordine|fattura)"
        r"|订单(?:总)?(?:金额|额)|总(?:金)?额|总价|合计|实付|应付|注文金額|合計|請求|주문금액|총|결제).*"
    ),
    "currency": (
        r"(?:\w*)(?:currency|ccy|waers|waerk|hwaer)(?:code|iso|key|symbol)?|curr|cur|cury|isocurrency|wahrung(?:s(?:code|kennzeichen|schlussel))?|belegwahrung|hauswahrung|fakturawahrung|devise|monnaie|moneda|divisa|moeda|valuta"
        r"|(?:\w*)(?:币种|货币|币别|幣別|币制)(?:代码|名称)?|本位币|通貨(?:コード|単位)?|통화(?:코드|단위)?"
    ),
    "line": (
        r"(?:order|invoice|sales|document|item|position|pos|receipt|transaction)?(?:line|item|row|position|pos|seq)(?:item)?(?:id|no|nr|num|number|key)?|(?:invoice/?item|invoiceitem|orderitem|orderline|lineitem)(?:id|no|nr|num|number|key)|rowid|lineid|posnr|positionsnummer|positionsnr|auftragsposition|ligne|numligne|linea|item"
        r"|(?:子订单|明细|行|订单明细|商品行|流水)(?:编号|号|id|序号)|序号|行号|子单号|子订单编号|明細(?:番号|no|id)?|行番号|(?:품목|상품)?(?:주문)?(?:상세|라인)번호|상품주문번호"
    ),
    "customer": (
        r"(?:customer|cust|client|buyer|debtor|member|shopper|soldto|soldtoparty|reseller|dealer|shop|store|retailer|billto|billtocustomer|patient|guest|company)(?:id|no|nr|num|number|code|key|name|email)?"
        r"|(?:kunden?|debitor(?:en)?|kaufer|besteller|mitglieds?)(?:id|nr|nummer|name)?|kunde|(?:nom|code|num|numero)?(?:du)?client|(?:nombre|codigo|cod|id)?(?:del|de)?cliente|(?:nome|codigo|cod)?(?:do|del|di)?cliente|ragionesociale|razaosocial|razonsocial|raisonsociale"
        r"|(?:客户|顾客|会员|买家|客商|购货单位|往来单位|门店|店铺客户)(?:编号|编码|代码|号|名称|姓名|昵称|会员名|id)?|(?:顧客|得意先|取引先|お?客様|会員)(?:コード|番号|名|id)?|(?:고객|거래처|회원|구매자)(?:번호|코드|명|id)?"
        r"|(?:customer|client|buyer|contact|billing|kunden|cliente)?e?mail(?:address|adresse)?|(?:电子|客户)?(?:邮箱|邮件)(?:地址)?|(?:お客様)?メールアドレス|이메일(?:주소)?|correo(?:electronico)?|courriel"
    ),
    "not_customer": (
        r"user(?:name|id)?|cashier(?:id|name)?|clerk|operator|salesperson|salesrep|employee(?:id|key)?|staff|seller|rep|createdby|enteredby|server|waiter|agent|terminal|till|register"
        r"|(?:gl|general ?ledger|ledger|revenue|income)?account(?:no|nr|number|code)?|hauptbuchkonto|sachkonto|konto(?:nr|nummer)?|erloskonto|hkont|saknr|compte(?:general)?|cuenta(?:contable)?|conta(?:contabil)?|conto"
        r"|bediener|kassierer|verkaufer|sachbearbeiter|benutzer|vendeur|caissier|vendedor|cajero|venditore|cassiere|operador|operatore"
        r"|收银员|操作员|制单人|业务员|导购|经手人|销售员|店员|科目(?:编码|代码|名称)?|会计科目|担当者?|レジ担当|勘定科目|담당자|판매원|계정(?:과목|코드)?"
        r"|(?:customer)?(?:po|purchaseorder)(?:no|nr|num|number|ref)?|customerponumber|customerreference|customerorder(?:no|number)?|yourreference|bestellnummerdeskunden|kundenreferenz|客户订单号|客户采购单号"
    ),
}
_SOURCES: dict[str, str] = {
    "returns": r"\breturns?\b|\brefunds?\b|\bcredit ?(?:notes?|memos?)\b|\brma\b|\bretouren?\b|\bgutschrift(?:en)?\b|\bstornos?\b|\bretours?\b|\bavoirs?\b|\bdevoluciones\b|\babonos\b|\bdevolucoes\b|\bresi\b|note di credito|\bcancell?(?:ed|ations?)\b|退货|退款|退單|红字|红冲|返品|返金|반품|환불|취소",
    "plan": r"\bplan(?:ned|ning|s|ung|zahlen|werte)?\b|\bpreventiv[io]\b|\bpianificazion[ei]\b|\bplanificacion\b|\bplanejamento\b|\bplanification\b|\bbudget(?:s|ed)?\b|\bforecasts?\b|\btargets?\b|\bquotas?\b|\bprognose\b|\bprevision\w*|\bpresupuesto\b|\borcamento\b|\bplano\b|\bobjectifs?\b|\bobjetivos?\b|\bobiettiv[io]\b|\bpiano\b|\bziele?\b|\bsoll\b|计划|预算|预测|目标|指标|計画|予算|予測|見込|계획|예산|예측|목표",
    "open": r"\bquotes?\b|\bquotations?\b|\bdrafts?\b|\bopen ?orders?\b|\bbacklog\b|\bangebote?\b|\bdevis\b|报价|草稿|見積|견적|\bpipeline\b|\btemplate\b|\bvorlage\b|模板|样例",
}
TOTALS = (
    *(
        "合计",
        "总计",
        "小计",
        "总和",
        "共计",
        "总额",
        "合計",
        "總計",
        "小計",
        "本页合计",
        "合 计",
        "总 计",
        "本月合计",
        "本年累计",
        "累计",
    ),
    *(
        "total",
        "totals",
        "grand total",
        "sub total",
        "subtotal",
        "sub-total",
        "sum",
        "total general",
        "overall result",
        "result",
        "grand summary",
    ),
    *(
        "summe",
        "gesamt",
        "gesamtsumme",
        "zwischensumme",
        "gesamtergebnis",
        "ergebnis",
        "total général",
        "sous-total",
        "somme",
        "totale",
        "totaal",
    ),
    *(
        "total geral",
        "suma",
        "soma",
        "totale complessivo",
        "totale generale",
        "subtotale",
        "総計",
        "総合計",
        "합계",
        "총계",
        "소계",
        "총합계",
    ),
)
"""What stands in the first cell, or where the customer or the product should be, of a row that adds up others."""
_TOTAL = "|".join(
    sorted((re.escape(word) for word in TOTALS if word not in ("sum", "result", "累计")), key=len, reverse=True)
)
TOTAL_OF = (
    rf"^(?:{_TOTAL})(?: (?:for|of|für|pour|de|del|di|do|da))?[ :：-]+(.+)$|^(.+?)[ :：-]+(?:{_TOTAL})$"
    r"|^(.+?)(?:合计|小计|总计|合計|小計|総計|합계|소계|총계)[:：]?$"
)
"""A total of something, in lower case: its name is one of the groups."""
_NOBODY = (
    r"walk[- _]?in(?:s|[- _]customers?)?|cash(?:[- _](?:customers?|sales?|account))?|cash ?& ?carry|counter[- _]?(?:sales?|customer)|over the counter|one[- _]?time(?:[- _]customers?)?|guest(?:[- _](?:customer|checkout))?|anonymous|misc(?:ellaneous)?(?:[- _]customers?)?|various(?:[- _]customers?)?|sundry(?:[- _](?:customers?|debtors?))?|unknown(?:[- _]customers?)?|general[- _]public|retail[- _]customers?|default[- _]customer|no customer|dummy(?:[- _]customer)?"
    r"|laufkund(?:schaft|e|en)|barverk(?:auf|aufe)|barkunden?|diverse(?:[- _]kunden?)?|cpd(?:[- _]\w+)?|einmalkunden?|tageskunden?|kassenverkauf|sammelkunden?"
    r"|client(?:s)?[- _](?:comptoir|passage|divers|de passage)|vente[- _]comptoir|clients?[- _]divers|passage|comptoir"
    r"|cliente?s?[- _](?:contado|mostrador|varios|general|ocasional|generico|consumidor final)|publico[- _](?:en )?general|mostrador|contado|consumidor[- _]final|venta[- _]mostrador|cliente[- _](?:avulso|balcao|padrao)|balcao|client[ei][- _](?:vari|occasional[ei]|generic[oi]|banco|al banco)|corrispettivi"
    r"|散客|零散客户|零售客户|零售|现金客户|现金|门市客户|门市|其他客户|临时客户|匿名|匿名用户|游客|未知客户|通用客户|普通客户"
    r"|現金(?:顧客|客|売上)?|一般(?:顧客|客)|店頭(?:販売|客|売上)?|フリー(?:客|顧客)?|諸口|ゲスト|非会員|일반(?:고객)?|현금(?:고객|매출)?|비회원|기타(?:고객|거래처)?|무기명|소매"
)
_BLANK_WORDS = (
    "nan", "null", "none", "<na>", "n/a", "#n/a", "nat", "\\n", "(null)", "(none)", "(blank)", "(blanks)", "(empty)", "[null]", "<null>", "undefined", "<nil>", "nil",
    "(leer)", "(vide)", "(vides)", "(en blanco)", "(vacío)", "(vazio)", "(em branco)", "(vuoto)", "(空白)", "(空)", "（空白）", "（空）", "空白", "空", "空值", "无", "なし", "(空欄)", "空欄", "없음", "(비어 있음)", "(비어있음)", "-", "--", "---",
)  # fmt: skip
BLANK_WORDS = frozenset(_BLANK_WORDS)
"""What programs write where there is no value, in lower case. Dashes are read as nothing before this is asked."""
REPEATED_DIGITS = re.compile(r"0+|9{3,}|8{4,}|1{4,}|0*9{4,}|c?0{3,}|[a-z]{0,4}[-_]?9{3,}|[a-z]{0,4}[-_]?0{4,}")

UNITS: tuple[tuple[str, int], ...] = (
    (r"万元|萬元|万円|만원|만 원|10 ?k\b|wan\b", 10_000),
    (
        r"千元|仟元|千円|천원|천 원|\btsd\b|\bt€|\bteur\b|\btusd\b|\btchf\b|\bk ?(?:eur|usd|gbp|chf|cny|rmb|brl|€|\$|£)\b|\bk[€$£]|\b(?:eur|usd|gbp|chf|€|\$|£) ?k\b|['’]000|\b(?:in )?thousands?\b|\bthds?\b|\bin ?tausend\b|\bmilliers\b|\bmiles\b|\bmilhares\b|\bmigliaia\b|\bmil\b|\bkr ?000\b|\b000s?\b",
        1000,
    ),
    (
        r"百万元|百萬元|百万円|백만 ?원|\bmio\b|\bmln\b|\bmillions?\b|\bm ?(?:eur|usd|gbp|chf)\b|\bmillones\b|\bmilhoes\b|\bmilioni\b|\bmillionen\b",
        1_000_000,
    ),
    (r"亿元|億元|億円|억 ?원", 100_000_000),
    (r"\blakhs?\b|\blacs?\b", 100_000),
    (r"\bcrores?\b", 10_000_000),
    (r"\(分\)|（分）|\[分\]|单位[:：]?分", -100),
    (r"\b(?:in )?cents?\b|\bpence\b|\bminor units?\b|\bin ct\b", -100),
)
"""Units in a header: patterns of the header in lower case, and how much one is; below 0: so many make one."""


@cache
def fold(text: str) -> str:
    """Return a value in lower case and half width, without accents, with underscores as blanks.

    >>> fold("Stornierte_Belege"), fold("Annulée"), fold("ＣＡＮＣＥＬ")
    ('stornierte belege', 'annulee', 'cancel')
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    bare = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", plain))
    return unicodedata.normalize("NFC", bare).replace("_", " ").strip()


@cache
def _fold_header(header: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"[(\[（【].*?[)\]）】]", "", fold(header)))


@cache
def meaning(value: str, *, is_type: bool = False) -> Meaning | None:
    """Return what a status or a type says of a row that is no plain sale; None for all else.

    Parameters
    ----------
    value : as it stands in the source
    is_type : whether its column is one of types, where codes such as CN or G2 mean something

    Examples
    --------
    >>> [meaning(word) for word in ("Cancelled", "not refunded", "交易关闭", "Stornorechnung", "Completed", "Draft", "未退款")]
    ['cancelled', None, 'cancelled', 'cancelled', None, 'open', None]
    >>> meaning("CN"), meaning("CN", is_type=True), meaning("Credit card", is_type=True)
    (None, 'returned', None)
    """
    folded = fold(value)
    if is_type and folded in CODES:
        return CODES[folded]
    if not is_type and folded in ("credit", "credits"):  # a card, a rating
        return None
    said = _NOT.sub(" ", folded)
    if said != folded and not said.strip():
        return None
    kept = (
        said
        if said == folded
        else re.sub(
            r"cancel\w*|void\w*|return\w*|refund\w*|storn\w*|annul\w*|retour\w*|credit\w*|rembours\w*|gutschrift\w*|devol\w*|reembols\w*|anul\w*|取消|作废|关闭|退\S*|冲\S*|申请\S*|售后",
            " ",
            said,
            count=1,
        )
    )
    order = (
        ("returned", "cancelled", "disputed", "open", "money")
        if is_type
        else ("returned", "cancelled", "disputed", "open")
    )
    for name in order:
        if re.search(_compiled(name), kept):
            return name
    return None


def is_whole_word(value: str) -> bool:
    """Say whether most of a value is the word that sounds like no sale: a department of returns is none.

    >>> is_whole_word("Storniert"), is_whole_word("退货处理部")
    (True, False)
    """
    folded = fold(value)
    found = [match for name in _WORDS if (match := re.search(_compiled(name), folded))]
    return any(len(match.group()) * 2 >= len(folded) for match in found)


@cache
def _compiled(name: str) -> re.Pattern[str]:
    return re.compile(_WORDS[name])


@cache
def header_is(kind: str, header: str) -> bool:
    """Say whether a header is one of a kind of ``HEADERS``.

    >>> header_is("status", "Financial Status"), header_is("refund", "退款金额"), header_is("currency", "Document Currency")
    (True, True, True)
    """
    return bool(re.fullmatch(HEADERS[kind], _fold_header(header)))


def source_meaning(name: str) -> str | None:
    """Return what the name of a file or a sheet says it holds, where that is no sales: ``returns``, ``plan`` or ``open``.

    >>> source_meaning("Returns"), source_meaning("2025计划"), source_meaning("Orders 2024"), source_meaning("o.xlsx[Budget 2025]")
    ('returns', 'plan', None, 'plan')
    """
    folded = re.sub(r"[-.\[\]0-9]+", " ", fold(name))
    return next((kind for kind, pattern in _SOURCES.items() if re.search(pattern, folded)), None)


def is_nobody(name: str) -> bool:
    """Say whether a name or a number stands for customers that nobody knows: walk-in, 散客, Laufkundschaft.

    >>> is_nobody("Walk-in Customer"), is_nobody("散客"), is_nobody("Cash Converters Ltd")
    (True, True, False)
    """
    return bool(re.fullmatch(_NOBODY, fold(name).replace("-", " ").replace("  ", " "))) or bool(
        re.fullmatch(_NOBODY, fold(name))
    )


def find_unit(header: str) -> int | None:
    """Return how much one is in a money column of which the header says a unit; below 0: so many make one.

    >>> find_unit("销售金额(万元)"), find_unit("Amount (kEUR)"), find_unit("Amount (EUR)"), find_unit("Sales in thousands")
    (10000, 1000, None, 1000)
    """
    folded = unicodedata.normalize("NFKC", header).casefold().replace("_", " ")
    found = [size for pattern, size in UNITS if re.search(pattern, folded)]
    return max(found, key=abs) if found else None


def closed_is_refunded(values: frozenset[str]) -> bool:
    """Say whether "closed" stands beside "complete", as in shops that close what they refunded."""
    return any(_CLOSED_BESIDE.search(fold(value)) for value in values)
